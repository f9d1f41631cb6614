// Builds the page for /graphql with all its files and Monaco's workers: a browser fetches nothing from elsewhere.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

// Leaves index-1.js.gz beside index-1.js if that is smaller by a tenth: the server sends it to browsers that accept gzip.
const compressed = (folder) => ({
  name: "compressed",
  closeBundle() {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!statSync(path).isFile() || name.endsWith(".gz")) continue;
      const file = readFileSync(path);
      const packed = gzipSync(file, { level: 9 });
      if (packed.length < 0.9 * file.length) writeFileSync(`${path}.gz`, packed);
    }
  },
});

export default defineConfig({
  base: "/explorer/",
  build: {
    outDir: "../api/static/explorer",
    emptyOutDir: true,
    chunkSizeWarningLimit: 10_000,
    assetsInlineLimit: 0, // the page's policy allows files of this server, and no data: scripts
    modulePreload: { polyfill: false },
  },
  plugins: [compressed("../api/static/explorer/assets")],
  worker: { format: "es" },
});
