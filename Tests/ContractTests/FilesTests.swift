import Glibc
import MQTesting
import Testing

extension KeepingContract {
    @Suite("recv into files", .serialized, .timeLimit(.minutes(1)))
    struct FilesTests {
        private let fixture = Fixture()

        @Test(
            "Files of a size, one behind the other, are what lines would be", arguments: ContractSubject.holding, ["", "--compress gzip=1"])
        func rotated(subject: ContractSubject, compression: String) throws {
            try subject.withQueue { queue in
                let script = """
                    seq 3000 | mq send "$S" & mq recv "$R" -n 3000 --out-dir "$D/out" --name '{n}.txt' --rotate-size 2k $C; echo $?
                    wait $!; ls "$D/out" | wc -l; ls "$D/out" | grep -c part; for f in "$D"/out/*; do gzip -dcf "$f"; done; rm -r "$D/out"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv, "C": compression])
                #expect(result.lines.first == "0", "\(result.errorText)")
                #expect((Int(result.lines[1]) ?? 0) > (compression.isEmpty ? 6 : 0))
                #expect(result.lines[2] == "0", "no working name is left")
                #expect(subject.areSame(result.lines.dropFirst(3), (1...3000).map { "\($0)" }))
            }
        }

        @Test("SIGHUP begins another file, once for each, and loses nothing", arguments: ContractSubject.holding)
        func hangUp(subject: ContractSubject) throws {
            let folder = try fixture.directory()
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "--out-dir", folder, "--name", "{n}", "-v"])
                for number in 1...3 {
                    expectSuccess(try mq().run("send", queue.send, "a\(number)", "b\(number)"))
                    let path = "\(folder)/00000\(number)"
                    try waitUntil { (try? contents(path + ".part")) == utf8("a\(number)\nb\(number)\n") }
                    receiver.send(signal: SIGHUP)
                    try receiver.waitForError("wrote \(path)")
                    #expect(try contents(path) == utf8("a\(number)\nb\(number)\n"))
                }
                // With no file open there is nothing to end.
                receiver.send(signal: SIGHUP)
                receiver.send(signal: SIGTERM)
                #expect(try receiver.wait().ending == .signalled(SIGTERM))
                #expect(access("\(folder)/000004", F_OK) != 0)
            }
        }

        @Test("Many hang-ups in the middle of a stream", arguments: ContractSubject.holding)
        func hangUps(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    seq 8000 | mq send "$S" & mq recv "$R" -n 8000 --out-dir "$D/out" --name '{n}' --ready-fd 9 9> "$D/ready" & P=$!
                    until [ -s "$D/ready" ]; do sleep 0.01; done
                    while kill -HUP $P 2> /dev/null; do sleep 0.005; done; wait $P; echo $?; cat "$D"/out/*; rm -r "$D/out"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(result.lines.first == "0", "\(result.errorText)")
                #expect(subject.areSame(result.lines.dropFirst(), (1...8000).map { "\($0)" }))
            }
        }

        @Test("A full disk: in files, on standard error and still queued are all, once", arguments: ContractSubject.holding)
        func full(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                // Eight blocks are as much as a file may have, and writing more fails as on a full disk.
                let script = """
                    (seq 5000; sleep 0.5) | mq send "$S" --timeout 2s 2> /dev/null & \
                    (trap '' XFSZ; ulimit -f 8; exec mq recv "$R" -n 5000 --out-dir "$D/out" --name f); echo $?
                    mq recv "$R" --timeout 1s 2> /dev/null > "$D/rest"; wait $!
                    cat "$D"/out/*; echo -; cat "$D/rest"; rm -r "$D/out"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(result.lines.first == "74")
                let parts = result.lines.dropFirst().split(separator: "-", omittingEmptySubsequences: false).map(Array.init)
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                #expect(!parts[0].isEmpty || !rescued.isEmpty || !subject.keepsOrder)
                #expect(
                    subject.areSame(parts[0] + rescued + parts[1], (1...5000).map { "\($0)" }), "\(parts.map(\.count)) and \(rescued.count)"
                )
            }
        }
    }
}

/// Waits up to ten seconds.
private func waitUntil(_ condition: () -> Bool) throws {
    for _ in 0..<1000 {
        if condition() { return }
        usleep(10_000)
    }
    throw ConformanceFailure("not within ten seconds")
}
