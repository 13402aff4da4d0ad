# `make` builds, `make demo` shows the main job, `make test` runs everything, `make bench` measures.
# Each installs first what it needs and does not find (Scripts/bootstrap).
PREFIX ?= /usr/local
DESTDIR ?=
MQ := .build/release/mq
VENV := .build/python

# Start-up counts: the runtime's C++ library goes into the binary instead of being loaded (0.5 ms of every start), and
# the binary is not relocated (0.4 ms). It exports no symbols: what nothing calls is left out. DESIGN.md has the figures.
# Nothing unwinds the stack: no tables for it (an eighth of the binary). Functions have sections of their own, so that what nothing
# calls is left out of our code, too, and of functions with the same code one is kept (a sixteenth). Nothing asks for the names of
# characters: half a megabyte, which one private function of the library would keep (Scripts/check looks for who asks).
# Whether two accesses to one variable overlap is watched at run time in debug builds, where the tests of the modules run. Here that
# would be a sixth of what a round trip takes in user space.
# No run path: a copy of the binary must not take its C library from the folder it happens to lie in.
LIBSTDCXX := $(shell $(CC) -print-file-name=libstdc++.a)
LINK := --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker -no-pie -Xlinker --no-export-dynamic \
	-Xlinker -T -Xlinker $(CURDIR)/Scripts/unwinding.ld \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker --icf=all -Xswiftc -enforce-exclusivity=unchecked \
	-Xlinker --wrap=_swift_stdlib_getScalarName -Xlinker --defsym=__wrap__swift_stdlib_getScalarName=0 \
	-Xswiftc -Xclang-linker -Xswiftc -static-libgcc -Xlinker -L$(CURDIR)/.build/link

# Tests that wait have threads of their own: more of them than processors run at a time. Those of the contract start several processes
# each and measure how soon these end, so that fewer of them do, and nothing else beside them.
TEST = MQ_EXECUTABLE=$(CURDIR)/$(MQ) MQ_TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python swift test --skip-build

.PHONY: all build demo test check bench generate install uninstall clean

all: build

build:
	@Scripts/bootstrap build
	@mkdir -p .build/link
	@if [ -f "$(LIBSTDCXX)" ]; then ln -sf "$(LIBSTDCXX)" .build/link/libstdc++.a; fi
	swift build -c release --product mq $(LINK) -Xlinker -s

demo: build
	@Scripts/demo $(MQ)

test: build
	@Scripts/bootstrap test
	swift build --build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 $(TEST) --skip ContractTests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=2 $(TEST) --filter ContractTests

check: build
	@Scripts/bootstrap check
	swift build -c release --product mq-loops $(LINK)
	Scripts/check

bench: build
	@Scripts/bootstrap bench
	swift build -c release --product mq-standin
	Benchmarks/run --mq $(MQ)

# man/ and completions/ are made by the program itself and are committed; a test compares them.
generate: build
	Scripts/generate

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -d $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(MQ) $(DESTDIR)$(PREFIX)/bin/mq
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 completions/mq.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mq
	install -m 644 completions/_mq $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mq
	install -m 644 completions/mq.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mq.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mq $(DESTDIR)$(PREFIX)/share/man/man1/mq.1 $(DESTDIR)$(PREFIX)/share/man/man1/mq-*.1
	rm -f $(DESTDIR)$(PREFIX)/share/man/man7/mq-*.7 $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mq
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mq $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mq.fish

clean:
	rm -rf .build
