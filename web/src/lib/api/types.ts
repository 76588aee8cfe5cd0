// The server's shapes under short names; the only place that knows how the generated document calls them.
import type { components } from './schema';

type Schemas = components['schemas'];

export type { User, Session } from './identity';
export type Mood = Schemas['Mood'];
export type MoodStats = Schemas['Stats'];
export type MoodDay = Schemas['Day'];
export type Reflection = Schemas['Reflection'];
export type ReflectionSummary = Schemas['ReflectionSummary'];
export type Recording = Schemas['Recording'];
export type RecordingStatus = Recording['status'];
export type Transcript = Schemas['RecordingTranscript'];
export type Segment = Schemas['Segment'];
export type Word = Schemas['Word'];
export type ProblemBody = Schemas['ProblemBody'];
export type FieldProblem = NonNullable<ProblemBody['errors']>[number];
