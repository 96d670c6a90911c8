# The server, with the engine that is built in: everything on one machine (docs/operate.md).
#
#     docker build -t smileloop . && docker run --rm -p 127.0.0.1:8000:8000 -e ALLOW_OPEN=1 -e ALLOWED_HOSTS=localhost smileloop
#
# The base image is pinned by digest, npm packages by hash. Image for graphics cards: gpu-container/Dockerfile.
ARG NODE=node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
# the Node of the image serves, so that of the npm package goes
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-*

# the page at `/`, with what builds it
FROM ${NODE} AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY packages packages
RUN npm ci --workspace packages/web && npm run build:web

FROM ${NODE}
# tini reaps processes and passes signals on
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home smileloop \
    && install -d -o smileloop -g smileloop -m 700 /data
WORKDIR /app
# from what changes seldom to what changes often
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/packages packages
COPY --from=page /app/packages/web/dist packages/web/dist
COPY package.json LICENSE THIRD-PARTY.md ./
COPY functions functions
COPY presets presets
# a checkout made under a umask such as 077 has files that only its owner may read
RUN chmod -R a+rX functions packages presets package.json LICENSE THIRD-PARTY.md
# what Node makes of the engine's code: made by the user that serves, for whom alone Node takes it, and to be written by root alone
RUN install -d -o smileloop node_modules/.cache/smileloop \
    && setpriv --reuid=smileloop --regid=smileloop --clear-groups node packages/engine/src/precompile.ts \
    && chown -R root:root node_modules/.cache && chmod -R a+rX node_modules/.cache

ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
USER smileloop
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/ready`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "--max-semi-space-size=1", "functions/start.mjs"]
