import Foundation
import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("The queues themselves", .serialized, .timeLimit(.minutes(1)))
    struct AdministrationTests {
        private let fixture = Fixture()

        @Test("A queue is created, listed, shown, purged and deleted", arguments: ContractSubject.administered)
        func life(subject: ContractSubject) throws {
            let address = subject.missing!()
            fixture.atEnd { _ = try? mq().run("delete", address, "--if-exists") }
            let created = try mq().run("create", address + (subject.isOfKernel ? ",mode=0640" : ""))
            expectSuccess(created)
            #expect(created.output.isEmpty && created.errorText.isEmpty)
            #expect(try mq().run("list", try subject.place()).text.contains("\n\(subject.shown(address)) "))
            if subject.isOfKernel { #expect(try mq().run("list").text.contains("\n\(subject.shown(address)) ")) }

            expectSuccess(try mq().run("send", address, "a", "bcd"))
            let stat = try mq().run("stat", address)
            expectSuccess(stat)
            #expect(stat.text.contains(/Messages +2\n/) && (!subject.isOfKernel || stat.text.contains("0640")), "\(stat.text)")
            let json = try jsonObject(try mq().run("stat", address, "--json").text)
            #expect(
                json["messages"] as? Int == 2 && json["address"] as? String == subject.shown(address)
                    && json["transport"] as? String == subject.transport)

            let purged = try mq().run("purge", address)
            expectSuccess(purged)
            #expect(purged.text == "2\n")
            #expect(try mq().run("purge", address).text == "0\n")

            expectSuccess(try mq().run("delete", address))
            expectSentence(try mq().run("delete", address), 66, subject.missingWords)
            expectSuccess(try mq().run("delete", address, "--if-exists"))
            #expect(!(try mq().run("list", try subject.place()).text.contains(subject.shown(address))))
        }

        @Test("mq list --json holds queues, and the kernel's limits with how full they are", arguments: ContractSubject.administered)
        func listJSON(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let json = try jsonObject(try mq().run("list", try subject.place(), "--json").text)
                let queues = try #require(json["queues"] as? [[String: Any]])
                let mine = try #require(queues.first { $0["address"] as? String == subject.shown(queue.send) })
                #expect(mine["messages"] as? Int == 0 && mine["transport"] as? String == subject.transport)
                let limits = try #require(json["limits"] as? [[String: Any]])
                #expect(limits.isEmpty == !subject.isOfKernel)
                for limit in limits { #expect(limit["limit"] is Int && limit["name"] is String && limit["remedy"] is String, "\(limit)") }
                guard subject.isOfKernel else { return }
                #expect(limits.contains { ($0["used"] as? Int ?? 0) >= 1 }, "the queue made here counts")
            }
        }

        @Test("A name that holds escape sequences or a line break reaches no terminal as such, and breaks no table")
        func namesFromOutside() throws {
            let address = "posix-mq:/\u{1b}[31m\n\u{202e}\(UniqueName.make("red"))"
            let shown = "posix-mq:/\\x1b[31m\\x0a\\u{202e}"
            fixture.atEnd { _ = try? mq().run("delete", address, "--if-exists") }
            expectSuccess(try mq().run("create", address))
            for result in [try mq().run("list", "posix-mq:"), try mq().run("stat", address), try mq().run("create", address)] {
                let text = result.text + result.errorText
                #expect(text.contains(shown) && !text.contains("\u{1b}") && !text.contains("\u{202e}"), "\(text)")
            }
            #expect(try mq().run("list", "posix-mq:").lines.contains { $0.hasPrefix(shown) && $0.contains("0600") })
            // For programs the name is as it is.
            #expect(try jsonObject(try mq().run("stat", address, "--json").text)["address"] as? String == address)
        }

        @Test("The lists of all transports stand under one another, and mq list takes a name without its colon")
        func listAll() throws {
            let all = try mq().run("list")
            expectSuccess(all)
            for subject in ContractSubject.ofKernel {
                let one = try mq().run("list", subject.transport)
                expectSuccess(one)
                #expect(!one.text.isEmpty)
            }
            #expect(try jsonObject(try mq().run("list", "--json").text)["queues"] is [Any])
        }

        @Test(
            "mq stat --watch prints a line each interval and ends with -n, by the signal, and with its reader",
            arguments: ContractSubject.administered)
        func watch(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let counted = try mq().run("stat", queue.send, "--watch", "10ms", "-n", "30")
                expectSuccess(counted)
                #expect(counted.lines.count == 32 && counted.lines.filter { $0.hasPrefix("TIME") && $0.contains("MESSAGES") }.count == 2)
                #expect(counted.lines.allSatisfy { $0.count <= 80 })
                let json = try mq().run("stat", queue.send, "--watch", "10ms", "-n", "2", "--json")
                for line in json.lines { #expect(try jsonObject(line)["messages"] as? Int == 0) }
                #expect(json.lines.count == 2)
                for signal in [SIGINT, SIGTERM] {
                    let watching = try mq().start(["stat", queue.send, "--watch", "30s"])
                    try watching.waitForLines(2)
                    watching.send(signal: signal)
                    let result = try watching.wait(timeout: .seconds(5))
                    #expect(result.ending == .signalled(signal))
                    #expect(result.errorText.isEmpty || result.errorText.contains("--json has them"), "\(result.errorText)")
                }
                let piped = try sh(#"mq stat "$Q" --watch 10ms | head -3 | wc -l; echo ${PIPESTATUS[0]}"#, ["Q": queue.send])
                #expect(piped.lines == ["3", "141"])
            }
        }

        @Test("On a terminal, mq delete asks before messages are lost; --yes and a script do not")
        func deleteAsks() throws {
            guard access("/usr/bin/script", X_OK) == 0 else {
                print("skipped: no /usr/bin/script to make a terminal with (Debian package bsdutils)")
                return
            }
            try ContractSubject.posixMQ.withQueue { queue in
                let ask = #"script -qec "mq delete $Q $F" /dev/null"#
                func answer(_ text: String, _ flags: String = "") throws -> ProgramResult {
                    try sh("(sleep 0.3; printf '\(text)\\n'; sleep 0.3) | \(ask)", ["Q": queue.send, "F": flags])
                }
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                let refused = try answer("n")
                #expect(refused.status == 1 && refused.text.contains("with 2 messages? [y/N]"), "\(refused.text)")
                #expect(try mq().run("stat", queue.send).status == 0)
                expectSuccess(try answer("y"))
                #expect(try mq().run("stat", queue.send).status == 66)
                expectSuccess(try mq().run("send", queue.send, "--create", "a"))
                let told = try answer("", "--yes")
                #expect(told.status == 0 && !told.text.contains("y/N"))
                expectSuccess(try mq().run("send", queue.send, "--create", "a"))
                expectSuccess(try mq().run("delete", queue.send))
            }
        }

        @Test("A look at a POSIX queue changes nothing of what is shown, and shows no times that looking would set")
        func looking() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let first = try mq().run("stat", queue.send, "--json")
                let members = try jsonObject(first.text)
                let times = ["sent", "received", "time", "changed", "modified"]
                #expect(!members.keys.contains { key in times.contains { key.contains($0) } }, "\(first.text)")
                expectSuccess(first)
                expectSuccess(try mq().run("send", queue.send, "x"))
                #expect(try mq().run("recv", queue.recv, "--drain").lines == ["x"])
                #expect(try mq().run("stat", queue.send, "--json").text == first.text)
            }
        }

        @Test("A POSIX queue that this user may not open is shown by mode and owner, without advice to look at it")
        func unreadable() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                // Root may open everything: another user looks, with a copy of the program where everybody may run it.
                let script = #"""
                    install -m 755 "$(command -v mq)" "$D/mq" && chmod 755 "$D"; mq delete "$Q"; mq create "$Q,mode=0000"
                    if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --clear-groups "$D/mq" stat "$Q"; else mq stat "$Q"; fi
                    """#
                let name = String(cString: getpwuid(geteuid()).pointee.pw_name)
                let result = try sh(script, ["Q": queue.send])
                expectSentence(result, 77, "may neither receive from the queue nor send to it")
                // Its mode can be seen only where the queues are mounted.
                let isMounted = (try? contents("/dev/mqueue\(queue.send.dropFirst("posix-mq:".count))")) != nil
                #expect(!isMounted || (result.errorText.contains("mode 0000") && result.errorText.contains("belongs to \(name)")))
                #expect(!result.errorText.contains("mq stat"))
            }
        }

        @Test("Eight thousand System V queues are listed at once")
        func manyQueues() throws {
            var identifiers: [CInt] = []
            for _ in 0..<8000 { identifiers.append(msgget(0, 0o600)) }
            defer { for identifier in identifiers where identifier >= 0 { msgctl(identifier, IPC_RMID, nil) } }
            #expect(identifiers.allSatisfy { $0 >= 0 })
            // A build for debugging takes several times as long.
            let limit = Duration.milliseconds(try mq().path.contains("/release/") ? 500 : 1300)
            try expectPrompt("listing 8000 queues", within: limit) {
                let result = try mq().run("list", "sysv:")
                #expect(result.status == 0 && result.lines.count > 8000)
                return result.duration
            }
        }

        @Test("What a name holds of control characters does not reach the terminal")
        func controlCharacters() throws {
            let result = try mq().run("recv", "posix-mq:/a\u{1b}[31mb\u{7}")
            expectSentence(result, 66)
            #expect(!result.errorOutput.contains(0x1b) && !result.errorOutput.contains(7))
        }
    }
}
