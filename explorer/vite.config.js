// Builds the page for /graphql with all its files and Monaco's workers: a browser fetches nothing from elsewhere.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/explorer/",
  build: {
    outDir: "../api/static/explorer",
    emptyOutDir: true,
    chunkSizeWarningLimit: 10_000,
    assetsInlineLimit: 0, // the page's policy allows files of this server, and no data: scripts
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
});
