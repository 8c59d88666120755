// Shows the API reference with Swagger UI in place of the page without scripts, which stays where this fails.
"use strict";

(() => {
  const place = document.getElementById("swagger-ui");
  if (!place || typeof SwaggerUIBundle !== "function") {
    return;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  follow();
  dark.addEventListener("change", follow);
  SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: false,
    validatorUrl: null, // no address but our own is asked
    onComplete: () => {
      document.getElementById("plain-reference").hidden = true;
    },
  });
})();
