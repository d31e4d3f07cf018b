# govkit for a cluster: the admission webhook, KServe's storage initializer, init containers and checks before a sync.
# Build it from a checkout: docker build -t registry.example.org/govkit:0.1.0 .
# Pin the base image by digest in your own build.
FROM python:3.12-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN pip install --no-cache-dir "/src[kubernetes,s3]" && rm -rf /src
ENV PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["govkit"]
