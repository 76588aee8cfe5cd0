// Sends a file with progress. `fetch` cannot report how much was sent, so this is an XMLHttpRequest.
import { signInAgain } from './client';
import { csrfHeader } from './cookies';
import { fromAnswer, Problem } from './problem';
import type { Recording } from './types';

export type Upload = { file: File; title: string; language: string; key: string };

/** Parts in the order the server reads them: what it has to know before the file comes before the file. */
function form({ file, title, language }: Upload): FormData {
  const data = new FormData();
  if (title) data.append('title', title);
  if (language) data.append('language', language);
  data.append('file', file, file.name);
  return data;
}

function once(upload: Upload, sent: (share: number) => void, signal: AbortSignal): Promise<Recording> {
  return new Promise((resolve, reject) => {
    const cancelled = () => new Problem(0, { code: 'cancelled' });
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const xhr = new XMLHttpRequest();
    xhr.open('POST', '/api/recordings');
    xhr.setRequestHeader('Idempotency-Key', upload.key);
    for (const [name, value] of Object.entries(csrfHeader('POST', document.cookie))) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => sent(event.lengthComputable ? event.loaded / event.total : 0);
    xhr.onload = () => {
      if (xhr.status === 200 || xhr.status === 201) resolve(JSON.parse(xhr.responseText) as Recording);
      else reject(fromAnswer(xhr.status, xhr.responseText, xhr.getResponseHeader('Retry-After')));
    };
    xhr.onerror = () => reject(new Problem(0, { code: 'no_answer' }));
    xhr.onabort = () => reject(cancelled());
    signal.addEventListener('abort', () => xhr.abort(), { once: true });
    xhr.send(form(upload));
  });
}

/** Uploads a recording; a session that ended in the middle asks for a sign-in and sends it again. */
export async function upload(what: Upload, sent: (share: number) => void, signal: AbortSignal): Promise<Recording> {
  try {
    return await once(what, sent, signal);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401 && (await signInAgain())) return once(what, sent, signal);
    throw problem;
  }
}
