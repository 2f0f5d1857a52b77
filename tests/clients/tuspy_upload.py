"""Uploads one file with tuspy, in the way that the JSON in the first argument asks for:

  endpoint, file, metadata   where to, what, and its manifest
  chunkSize                  bytes per PATCH; left out: the whole file in one
  stopAt                     stop after this offset, then go on in a new client and uploader that know only the URL

Prints {"url", "offset"} as JSON; any failure ends it with a traceback and code 1.
"""
import json
import sys

from tusclient.client import TusClient


def open_uploader(wanted, **extra):
    if "chunkSize" in wanted:
        extra["chunk_size"] = wanted["chunkSize"]
    return TusClient(wanted["endpoint"]).uploader(wanted["file"], metadata=wanted["metadata"], retries=3, retry_delay=1, **extra)


def main():
    wanted = json.loads(sys.argv[1])
    uploader = open_uploader(wanted)
    if "stopAt" in wanted:
        uploader.upload(stop_at=wanted["stopAt"])
        uploader = open_uploader(wanted, url=uploader.url)
        if uploader.offset < wanted["stopAt"]:
            raise RuntimeError(f"resumed at {uploader.offset}, although {wanted['stopAt']} bytes were acknowledged")
    uploader.upload()
    print(json.dumps({"url": uploader.url, "offset": uploader.offset}))


main()
