// Uploads one file with tus-js-client, in the way that the JSON in the first argument asks for:
//   endpoint, file, metadata    where to, what, and its manifest
//   chunkSize                   bytes per PATCH; left out: the whole file in one
//   parallelUploads             pieces sent at once and joined by the server
//   deferred                    read as a stream of unknown length
//   abortAt, resume             stop after so many bytes, then go on in a new Upload object: "url" or "previous"
// Prints {"url", "requests", "bytesAtAbort"} as JSON on standard output; any failure ends it with code 1.
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import tus from 'tus-js-client';

const wanted = JSON.parse(process.argv[2]);
const storage = mkdtempSync(join(tmpdir(), 'dex-tus-js-'));
const requests = [];
let bytesAtAbort = null;
// Until proven otherwise: Node ends without a word when nothing is left to wait for.
process.exitCode = 1;

const options = {
  endpoint: wanted.endpoint,
  metadata: wanted.metadata,
  chunkSize: wanted.chunkSize ?? Infinity,
  retryDelays: [0, 200, 500, 1000],
  urlStorage: new tus.FileUrlStorage(join(storage, 'urls.json')),
  onBeforeRequest: (request) => requests.push(`${request.getMethod()} ${new URL(request.getURL()).pathname}`),
};
if (wanted.parallelUploads) {
  options.parallelUploads = wanted.parallelUploads;
  options.metadataForPartialUploads = wanted.metadata;
}
if (wanted.deferred) options.uploadLengthDeferred = true;

function openSource() {
  const file = createReadStream(wanted.file);
  return wanted.deferred ? file.pipe(new PassThrough()) : file;
}

/** Starts an upload; resolves with its URL, or, if it is to be aborted, as soon as it was. */
function run(extra, { abortAt, previous } = {}) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(openSource(), {
      ...options,
      ...extra,
      onError: reject,
      onSuccess: () => (abortAt ? reject(new Error('the upload was finished before it could be aborted')) : resolve(upload)),
      onProgress: (sent) => {
        if (abortAt && bytesAtAbort === null && sent >= abortAt) {
          bytesAtAbort = sent;
          upload.abort().then(() => resolve(upload), reject);
        }
      },
    });
    if (previous) upload.resumeFromPreviousUpload(previous);
    upload.start();
  });
}

async function runInterrupted() {
  const aborted = await run({}, { abortAt: wanted.abortAt });
  if (wanted.resume === 'url') return run({ uploadUrl: aborted.url });
  const [previous] = await new tus.Upload(openSource(), options).findPreviousUploads();
  if (!previous) throw new Error('no previous upload was found');
  return run({}, { previous });
}

try {
  const { url } = await (wanted.abortAt ? runInterrupted() : run({}));
  process.stdout.write(`${JSON.stringify({ url, requests, bytesAtAbort })}\n`);
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`${error.stack ?? error}\n`);
} finally {
  rmSync(storage, { recursive: true, force: true });
}
