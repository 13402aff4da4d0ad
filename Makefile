# `make` builds, `make demo` shows the main job, `make test` runs everything. What is missing is installed first.
PREFIX ?= /usr/local
DESTDIR ?=
MQ := .build/release/mq

# The C++ runtime of the Swift runtime goes into the binary: loading it costs 0.5 ms of every start. The compiler says where it is.
LIBSTDCXX := $(shell $(CC) -print-file-name=libstdc++.a)
LINK := --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --gc-sections
ifneq ($(LIBSTDCXX),libstdc++.a)
LINK += -Xlinker -L$(CURDIR)/.build/link
endif

.PHONY: all build bootstrap demo test bench check generate install clean

all: build

build: bootstrap
	@mkdir -p .build/link && ln -sf $(LIBSTDCXX) .build/link/libstdc++.a
	swift build -c release --product mq $(LINK)

bootstrap:
	@Scripts/bootstrap build
