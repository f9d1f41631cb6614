"""GraphiQL for browsers: the library's own page, made to keep tokens to itself."""

from functools import cache

from strawberry.http.ides import get_graphql_ide_html

_KEEPS_HEADERS = "shouldPersistHeaders: true"
_WRITES_HEADERS = "updateURL({ headers: newHeaders })"
_HEADERS_OF_ADDRESS = "React.useState(parameters.headers)"


@cache
def graphiql_page() -> str:
    """The page. Its headers pane is neither stored in the browser, nor written to or read from the address (P13)."""
    page = get_graphql_ide_html(graphql_ide="graphiql")
    page = page.replace(_KEEPS_HEADERS, "shouldPersistHeaders: false")
    page = page.replace(_WRITES_HEADERS, "undefined").replace(_HEADERS_OF_ADDRESS, "React.useState()")
    return page.replace("Strawberry GraphiQL", "Mi Points GraphiQL")
