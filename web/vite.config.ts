import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` sends the interface's requests: the started program, or the mock. */
const server = process.env.KITH_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { tsconfigPaths: true },
  build: {
    target: "baseline-widely-available",
    reportCompressedSize: false,
    // The charts are one chunk; tools/size.mjs holds every chunk against its budget.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 30 },
            // Charts are fetched by whoever looks at one.
            { name: "charts", test: /node_modules[\\/](echarts|zrender)[\\/]/, priority: 10 },
            // Scrolling long lists is nothing that the sign-in needs.
            { name: "tanstack", test: /node_modules[\\/]@tanstack[\\/](?!(react-)?virtual)/, priority: 20 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: server, ws: true } } },
});
