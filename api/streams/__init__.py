"""GraphQL as a stream: server-sent events and graphql-transport-ws, with the same documents and limits as over HTTP."""
