/** The languages of this house. */
export const LOCALES = ['ar', 'bn', 'de', 'en', 'es', 'fr', 'gu', 'hi', 'ja', 'kn', 'ml', 'mr', 'pa', 'pt', 'sa', 'ta', 'te', 'zh'];
