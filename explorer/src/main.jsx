// GraphiQL for Mi Points: example operations for each kind of caller, and a choice of demo callers in the sandbox.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { fetcher } from "./fetcher.js";
import { EXAMPLES } from "./examples.js";
import { SignIn } from "./SignIn.jsx";

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

function Explorer() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      defaultTabs={EXAMPLES}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <SignIn />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

createRoot(document.getElementById("explorer")).render(<Explorer />);
