import "./styles/app.css";
import "./i18n";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/queries";
import { router } from "./app/router";
import { watchSystemTheme } from "./app/theme";
import { Providers } from "./ui";

watchSystemTheme();
const host = document.getElementById("root");
if (host)
  createRoot(host).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Providers>
          <RouterProvider router={router} />
        </Providers>
      </QueryClientProvider>
    </StrictMode>,
  );
