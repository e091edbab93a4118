# The same app as the zip package, for those not on Azure Functions. `npm run package` makes dist/package.
# Named by tag: where this was written the registry could not be asked for its digest. Pin it in your own registry, by
# `docker buildx imagetools inspect`; Dependabot keeps a pinned one up to date.
FROM mcr.microsoft.com/azure-functions/node:4-node22

LABEL org.opencontainers.image.title="ehr-purview-pipeline" \
      org.opencontainers.image.licenses="MIT"

ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    FUNCTIONS_WORKER_RUNTIME=node \
    AzureFunctionsWebHost__hostid=ehr-purview-pipeline \
    ASPNETCORE_URLS=http://+:8080 \
    EVENT_SOURCE=queue \
    MALLOC_ARENA_MAX=2

COPY --chown=10001:10001 dist/package/ /home/site/wwwroot/

# No root: the host listens on 8080 and writes to /home and /tmp only.
USER 10001:10001
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:8080/').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
