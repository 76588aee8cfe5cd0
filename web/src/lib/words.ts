// Words of pages that few people open at once: loaded with those pages, not with the first one.
import account from '../locales/account.en.json';
import { learn } from './i18n';

learn(account);
