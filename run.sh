#!/usr/bin/env bash
# Builds the server and starts it on its defaults, from the root of the repository; the API listens on port 8080.
# Arguments are the server's own (see --help); every setting is an environment variable.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet build src/Dex.UploadServer -c Release -v quiet --nologo >&2
exec dotnet src/Dex.UploadServer/bin/Release/net10.0/dex-upload-server.dll "$@"
