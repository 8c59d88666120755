// Shows the API reference with Swagger UI in place of the page without scripts, which stays where this fails.
"use strict";

(() => {
  const place = document.getElementById("swagger-ui");
  if (!place || typeof SwaggerUIBundle !== "function") {
    return;
  }
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
