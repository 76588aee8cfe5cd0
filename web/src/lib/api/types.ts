// The server's shapes under short names; the only place that knows how the generated document calls them.
import type { components } from './schema';

type Schemas = components['schemas'];
/** One of several optional fields, and no other: the document lists them, its text says "exactly one". */
type OneOf<T> = { [K in keyof T]-?: { [P in K]: NonNullable<T[P]> } }[keyof T];

export type User = Schemas['User'];
export type Session = Schemas['SessionView'];
export type LoginAnswer = Schemas['LoginAnswer'];
export type Role = Schemas['Role'];
export type Policy = Schemas['Policy'];
export type PasswordMode = Schemas['PasswordMode'];
export type Provider = Schemas['ProviderView'];
export type Verified = Schemas['Verified'];
export type Method = Schemas['Method'];
export type ProofOptions = Schemas['ProofOptions'];
export type Proof = OneOf<Schemas['StepUpRequest']>;
export type Ceremony = Schemas['Ceremony'];
/** A passkey's question and its answer, in the JSON form of Web Authentication. */
export type PasskeyOptions = Ceremony['options'];
export type Credential = Schemas['NewPasskeyRequest']['credential'];
export type Passkey = Schemas['PasskeyView'];
export type SecondFactors = Schemas['FactorStatus'];
export type TotpSetup = Schemas['TotpSetup'];
export type Device = Schemas['DeviceItem'];
export type SessionItem = Schemas['SessionItem'];
export type ApiKey = Schemas['ApiKey'];
export type ApiKeyRequest = Schemas['CreateKeyRequest'];
export type NewApiKey = Schemas['NewKey'];
export type Connection = Schemas['ConnectionView'];
export type SecurityEvent = Schemas['SecurityEvent'];
export type Invitation = Schemas['Invitation'];
export type Waiting = Schemas['Waiting'];
export type Letter = Schemas['OutboxLetter'];
export type SecurityReport = Schemas['SecurityReport'];
export type SecuritySummary = Schemas['SecuritySummary'];
export type Finding = Schemas['SecurityFinding'];
export type ProvenRule = Schemas['ProvenRule'];
export type ProofCounts = Schemas['ProofCounts'];
export type Standing = Schemas['RuleStanding'];
export type Severity = Schemas['RuleSeverity'];
export type FindingSource = Schemas['FindingSource'];
export type RuleKind = Schemas['RuleKind'];

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
