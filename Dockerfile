# The build stage has npm and a shell; what is shipped has Node, our JavaScript and its production packages.
FROM node:24-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package of ours needs an install script to build or to run: nothing from the registry is executed here but tsc.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json
RUN npm prune --omit=dev --ignore-scripts

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
ENV NODE_ENV=production
# A number, because kubelets cannot tell whether a name is root.
USER 65532:65532
EXPOSE 8443
# Reviews are short-lived garbage: a small young generation keeps a third of the memory and costs no throughput (docs/performance.md).
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=16", "/app/dist/main.js"]
CMD ["--help"]
