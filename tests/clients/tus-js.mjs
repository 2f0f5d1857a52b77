// Uploads one file with tus-js-client, in the way that the JSON in the first argument asks for:
//   endpoint, file, metadata    where to, what, and its manifest
//   client                      the module: "tus-js-client" (the default) or "tus-js-client-5"
//   protocol, headers           the dialect ("tus-v1" if left out), and headers for every request
//   override                    sends PATCH as a POST that says so
//   chunkSize                   bytes per PATCH; left out: the whole file in one
//   parallelUploads             pieces sent at once and joined by the server
//   duringCreation              the first bytes go with the creation
//   deferred, pipe              the length is told at the end; the file is read through a pipe that does not know it either
//   created                     the upload is made beforehand by a plain tus 1.0 request: "fixed" or "deferred" length
//   abortAt, resume             stop at the first news of so many bytes (there is some when a request begins, then every 100 ms),
//                               then go on: in the "same" object, or in a new one by "url" or as "previous"
//   resumeWith                  options that differ after that
// Prints {"url", "requests", "bytesAtAbort"} as JSON on standard output; any failure ends it with code 1.
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

const wanted = JSON.parse(process.argv[2]);
const storage = mkdtempSync(join(tmpdir(), 'dex-tus-js-'));
const requests = [];
let lastRequest = null;
let bytesAtAbort = null;
// Until proven otherwise: Node ends without a word when nothing is left to wait for.
process.exitCode = 1;

/** The two generations differ in what they export, not in how they are used. */
async function load(name) {
  if (name === 'tus-js-client') return (await import(name)).default;
  return { ...(await import(name)), ...(await import(`${name}/node/FileUrlStorage`)) };
}

function optionsFrom(wanted, tus) {
  const options = {
    endpoint: wanted.endpoint,
    metadata: wanted.metadata,
    protocol: wanted.protocol ?? 'tus-v1',
    headers: wanted.headers ?? {},
    chunkSize: wanted.chunkSize ?? Infinity,
    overridePatchMethod: wanted.override ?? false,
    uploadDataDuringCreation: wanted.duringCreation ?? false,
    uploadLengthDeferred: wanted.deferred ?? false,
    retryDelays: [0, 200, 500, 1000],
    urlStorage: new tus.FileUrlStorage(join(storage, 'urls.json')),
    onBeforeRequest: (request) => {
      lastRequest = request;
      requests.push(`${request.getMethod()} ${new URL(request.getURL()).pathname}`);
    },
  };
  if (wanted.parallelUploads) {
    options.parallelUploads = wanted.parallelUploads;
    options.metadataForPartialUploads = wanted.metadata;
  }
  return options;
}

/** A file of deferred length is read as a browser's is: a slice beyond its end is shorter, which version 4 expects of it. */
function openSource() {
  if (wanted.pipe) return createReadStream(wanted.file).pipe(new PassThrough());
  return wanted.deferred ? readFileSync(wanted.file) : createReadStream(wanted.file);
}

/**
 * Starts an upload; `finished` resolves with it, `aborted` when it was stopped, if that is asked for: not before its
 * request is over, or the client would take the end of that one for a failure of the next.
 */
function begin(tus, options, { abortAt, previous } = {}) {
  const finished = withResolvers();
  const aborted = withResolvers();
  const upload = new tus.Upload(openSource(), {
    ...options,
    onError: (error) => {
      finished.reject(error);
      aborted.reject(error);
    },
    onSuccess: () => {
      finished.resolve(upload);
      aborted.reject(new Error('the upload was finished before it could be aborted'));
    },
    onProgress: (sent) => {
      if (abortAt && bytesAtAbort === null && sent >= abortAt) {
        bytesAtAbort = sent;
        const request = lastRequest.getUnderlyingObject();
        const over = new Promise((closed) => (!request || request.closed ? closed() : request.once('close', closed)));
        upload.abort().then(() => over).then(() => setImmediate(aborted.resolve, upload), aborted.reject);
      }
    },
  });
  if (previous) upload.resumeFromPreviousUpload(previous);
  upload.start();
  return { finished: finished.promise, aborted: aborted.promise };
}

function withResolvers() {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  resolvers.promise.catch(() => {}); // whoever waits for it hears of it
  return resolvers;
}

async function runInterrupted(tus, options) {
  const first = begin(tus, options, { abortAt: wanted.abortAt });
  const stopped = await first.aborted;
  if (wanted.resume === 'same') {
    stopped.start();
    return first.finished;
  }

  const other = { ...wanted, ...wanted.resumeWith };
  const otherTus = await load(other.client ?? 'tus-js-client');
  const otherOptions = optionsFrom(other, otherTus);
  if (wanted.resume === 'url') return begin(otherTus, { ...otherOptions, uploadUrl: stopped.url }).finished;
  const [previous] = await new otherTus.Upload(openSource(), otherOptions).findPreviousUploads();
  if (!previous) throw new Error('no previous upload was found');
  return begin(otherTus, otherOptions, { previous }).finished;
}

/** As a page's server does before the browser begins. */
async function create(kind) {
  const manifest = Object.entries(wanted.metadata).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`);
  const length = kind === 'deferred' ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(statSync(wanted.file).size) };
  const response = await fetch(wanted.endpoint, {
    method: 'POST',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Metadata': manifest.join(','), ...length },
  });
  if (response.status !== 201) throw new Error(`the creation was answered ${response.status}`);
  return response.headers.get('Location');
}

try {
  const tus = await load(wanted.client ?? 'tus-js-client');
  const options = optionsFrom(wanted, tus);
  if (wanted.created) options.uploadUrl = await create(wanted.created);
  const { url } = await (wanted.abortAt ? runInterrupted(tus, options) : begin(tus, options).finished);
  process.stdout.write(`${JSON.stringify({ url, requests, bytesAtAbort })}\n`);
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`${error.stack ?? error}\n`);
} finally {
  rmSync(storage, { recursive: true, force: true });
}
