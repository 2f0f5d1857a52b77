// @tus/server with its own file store and its defaults. Prints the port it took.
import { createServer } from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const tus = new Server({ path: '/files', datastore: new FileStore({ directory: process.argv[2] }) })
const server = createServer((request, response) => tus.handle(request, response))

// As ours: an idle connection is part of what is measured.
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => console.log(`listening on port ${server.address().port}`))
