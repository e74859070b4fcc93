import { cpSync, mkdirSync } from 'node:fs';
import { defineConfig } from 'vite';

const dist = new URL('../console/dist/', import.meta.url).pathname;
const stockClient = new URL('node_modules/socket.io-client/dist/', import.meta.url).pathname;
const bundles = ['socket.io.min.js', 'socket.io.min.js.map', 'socket.io.esm.min.js', 'socket.io.esm.min.js.map'];

// The server also hands out the stock client's own browser builds, as npm ships them.
function copyStockClient() {
  mkdirSync(`${dist}client`, { recursive: true });
  for (const name of bundles) cpSync(stockClient + name, `${dist}client/${name}`);
}

export default defineConfig({
  base: '/demo/',
  build: {
    outDir: `${dist}demo`,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0, // the page's policy allows no data: addresses
    modulePreload: { polyfill: false },
  },
  plugins: [{ name: 'stock-client', apply: 'build', closeBundle: copyStockClient }],
  // `npx vite` in this folder serves the page from its sources, against a running `dokkerrd demo`.
  server: {
    proxy: {
      '/demo/session.json': 'http://localhost:5174',
      '/socket.io': { target: 'http://localhost:5174', ws: true },
      '/v1': 'http://localhost:5174',
    },
  },
});
