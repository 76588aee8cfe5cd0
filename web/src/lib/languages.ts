import { languageName } from './format';

// The languages of the local model that people are most likely to choose; "auto" hears which one it is.
const CODES = ['ar', 'bn', 'de', 'en', 'es', 'fr', 'gu', 'hi', 'it', 'ja', 'kn', 'ml', 'mr', 'nl', 'pa', 'pl', 'pt', 'ru', 'sa', 'sv', 'ta', 'te', 'tr', 'uk', 'ur', 'zh'];

export const languages = CODES.map((code) => ({ code, name: languageName(code) })).sort((a, b) => a.name.localeCompare(b.name));
