// The page to try REST: everything in it comes from the OpenAPI document.
/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#rest',
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ['get'],
  tryItOutEnabled: true,
  // A badge of somebody else's server.
  validatorUrl: null,
});
