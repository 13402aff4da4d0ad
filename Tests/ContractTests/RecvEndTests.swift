import Glibc
import MQTesting
import Testing

extension MessageContract {
    /// Ends that lose messages when nobody thought of them.
    @Suite("Ends of recv", .serialized, .timeLimit(.minutes(2)))
    struct RecvEndTests {
        @Test("A closed standard output is found before anything is taken", arguments: ContractSubject.holding)
        func closedOutput(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    mq send "$S" a b; mq recv "$R" --drain >&- 2> "$D/err"; echo $?; mq recv "$R" --drain <&- >&- 2>&-; echo $?
                    grep -c "standard output is closed" "$D/err"; mq recv "$R" --drain
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(subject.areSame(result.lines, ["74", "74", "1", "a", "b"]), "\(result.errorText)")
            }
        }

        @Test(
            "A file at its size limit ends recv by 74: written, on standard error and still queued are all",
            arguments: ContractSubject.holding)
        func sizeLimit(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    seq 3000 | mq send "$S" & (ulimit -f 1; mq recv "$R" > "$D/shown"; echo $? > "$D/status")
                    mq recv "$R" --timeout 1s > "$D/rest" 2> /dev/null; wait $!; cat "$D/status" "$D/shown"; echo; echo -; cat "$D/rest"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                let parts = result.text.split(separator: "\n-\n", maxSplits: 1)
                var shown = try #require(parts.first).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                #expect(shown.removeFirst() == "74", "\(result.errorText.prefix(300))")
                // Behind the last newline stands nothing, or the part of a message that counts as not written.
                let cut = shown.removeLast()
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                let rest = parts.count > 1 ? parts[1].split(separator: "\n").map(String.init) : []
                #expect(
                    (shown + rescued + rest).sorted() == (1...3000).map { "\($0)" }.sorted(),
                    "\(shown.count) + \(rescued.count) + \(rest.count), \(cut)")
                #expect(result.errorText.contains("size limit"))
            }
        }

        @Test("--out-dir at the size limit of files keeps what is safe and gives back the rest", arguments: ContractSubject.holding)
        func sizeLimitOfFiles(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    seq 3000 | mq send "$S" & (ulimit -f 1; mq recv "$R" --out-dir "$D/out"; echo $? > "$D/status")
                    mq recv "$R" --timeout 1s > "$D/rest" 2> /dev/null; wait $!
                    cat "$D/status"; ls "$D/out" | grep -c part; cat "$D/out"/* "$D/rest"
                    """
                let result = try sh(script, ["S": queue.send, "R": queue.recv])
                #expect(Array(result.lines.prefix(2)) == ["74", "0"], "\(result.errorText.prefix(300))")
                let rescued = try jsonBodies(result.errorText).map { String(decoding: $0, as: UTF8.self) }
                let all = result.lines.dropFirst(2) + rescued
                #expect(all.sorted() == (1...3000).map { "\($0)" }.sorted(), "\(all.count)")
            }
        }

        /// Whatever moment the kill hits.
        @Test("A recv that is killed loses no more than --prefetch says", arguments: ContractSubject.ofKernel, [1, 16])
        func killed(subject: ContractSubject, prefetch: Int) throws {
            for round in 1...4 {
                try subject.withQueue { queue in
                    let script = """
                        : > "$D/shown"; seq 5000 | mq send "$S" & s=$!; mq recv "$R" --prefetch \(prefetch) > "$D/shown" & r=$!
                        until [ "$(wc -l < "$D/shown")" -gt \(round * 900) ]; do sleep 0.01; done; kill -9 $r; wait $r
                        mq recv "$R" -n $((5000 - \(prefetch) - $(wc -l < "$D/shown"))) > "$D/rest"; mq recv "$R" --timeout 500ms > "$D/last"
                        wait $s; cat "$D/shown" "$D/rest" "$D/last"
                        """
                    let lines = try sh(script, ["S": queue.send, "R": queue.recv]).lines
                    #expect(Set(lines).count == lines.count && lines.count >= 5000 - prefetch, "\(5000 - lines.count) lost")
                }
            }
        }

        private static let mayUnshare = (try? sh("unshare -pf --mount-proc true").status) == 0

        @Test(
            "As the first process of a container, recv ends by a signal and when its reader goes",
            .enabled(if: mayUnshare, "a process namespace may not be made here"), arguments: [("TERM", 143), ("HUP", 129), ("INT", 130)])
        func firstProcess(signal: String, status: Int) throws {
            try ContractSubject.posixMQ.withQueue { queue in
                // Without job control what runs in the background ignores SIGINT.
                let script = """
                    set -m; unshare -pf --mount-proc bash -c 'exec mq recv "$R"' & u=$!; sleep 0.7; c=$(ps -o pid= --ppid $u); kill -\(signal) $c
                    (sleep 5; kill -9 $c 2> /dev/null) & k=$!; wait $u; echo $?; kill $k
                    """
                let ended = try sh(script, ["R": queue.recv]).lines
                #expect(ended == ["\(status)"])
                let reader = #"unshare -pf --mount-proc bash -c 'exec mq recv "$R"' | true; echo ${PIPESTATUS[0]}"#
                let left = try sh(reader, ["R": queue.recv], timeout: .seconds(10)).lines
                #expect(left == ["141"])
            }
        }
    }
}
