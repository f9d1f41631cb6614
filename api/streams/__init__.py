"""GraphQL as a stream: server-sent events and graphql-transport-ws, over the same documents and limits as HTTP."""
