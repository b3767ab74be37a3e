# The image of `pilotline`: docker build -t pilotline .
#
# Everything is made by deploy/image/build-root.sh, which a test runs in a Debian root of its own, so that its content and size
# are known. The image has no shell, no package manager and no npm: Node.js without symbols, the libraries it is linked with, and
# the packed product.
FROM node:24.21.0-bookworm-slim AS build
COPY . /build
RUN /build/deploy/image/build-root.sh /build /image

FROM scratch
LABEL org.opencontainers.image.title="Pilotline" \
	org.opencontainers.image.description="Telemetry for a solid-electrolyte pilot line" \
	org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
# Said once more, because a new volume takes its owner from here.
COPY --from=build --chown=10001:10001 /image/var/lib/pilotline /var/lib/pilotline
ENV PATH=/usr/local/bin
USER 10001:10001
WORKDIR /var/lib/pilotline
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/pilotline"]
CMD ["--help"]
