import Foundation
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Help, explain, transports, completion and the configuration", .serialized, .timeLimit(.minutes(1)))
    struct HelpTests {
        /// As the program itself names them.
        static let verbs = (try? names()) ?? []

        private static func names() throws -> [String] {
            let object = try jsonObject(try mq().run("help", "--json").text)
            return (object["verbs"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }

        private func expectNarrow(_ result: ProgramResult, except word: String? = nil) {
            expectSuccess(result)
            #expect(!result.text.isEmpty && result.errorText.isEmpty)
            for line in result.lines where word.map({ !line.contains($0) }) ?? true {
                #expect(line.count <= 80, "\(line.count) columns: \(line)")
            }
            #expect(!result.output.contains(0x1b), "colour where there is no terminal")
        }

        @Test("--help of every verb fits 80 columns and shows its synopsis", arguments: verbs)
        func help(verb: String) throws {
            let words = verb.split(separator: " ").map(String.init)
            let result = try mq().run(words + ["--help"], environment: ["COLUMNS": "80"])
            expectNarrow(result)
            #expect(result.text.contains("mq \(verb)"))
            #expect(try mq().run(["help"] + words).text == result.text)
        }

        @Test("mq help --json says what each verb takes, and whether it changes queues")
        func json() throws {
            #expect(Self.verbs.count >= 17)
            let object = try jsonObject(try mq().run("help", "--json").text)
            let verbs = try #require(object["verbs"] as? [[String: Any]])
            for (name, effect) in [("list", "reads"), ("stat", "reads"), ("send", "changes"), ("recv", "changes"), ("delete", "changes")] {
                #expect(verbs.first { $0["name"] as? String == name }?["effect"] as? String == effect)
            }
            let send = try #require(verbs.first { $0["name"] as? String == "send" })
            let options = try #require(send["options"] as? [[String: Any]])
            let priority = try #require(options.first { ($0["names"] as? [String])?.contains("--priority") == true })
            #expect(priority["minimum"] as? Int == 0 && priority["maximum"] as? Int == 32767 && priority["kind"] as? String == "integer")
            let operands = try #require(send["operands"] as? [[String: Any]])
            #expect(operands.map { $0["required"] as? Bool } == [true, false])
        }

        @Test("mq version and mq --version print the version, mq help VERB what mq VERB --help prints")
        func version() throws {
            let version = try mq().run("version")
            expectSuccess(version)
            #expect(try mq().run("--version").output == version.output)
        }

        @Test("mq --help names every verb, and mq --version a version")
        func root() throws {
            let help = try mq().run(["--help"], environment: ["COLUMNS": "80"])
            expectNarrow(help)
            for verb in Self.verbs { #expect(help.text.contains("  \(verb) ")) }
            let version = try mq().run("--version")
            #expect(version.status == 0)
            #expect(version.text.contains(/[0-9]+\.[0-9]+\.[0-9]+/) && version.lines.count == 1)
        }

        @Test("mq without a verb shows what there is")
        func bare() throws {
            let result = try mq().run([])
            #expect(result.status == 0)
            #expect((result.text + result.errorText).contains("send"))
        }

        @Test("mq transports fits 80 columns and lists them all; with a name every option is shown")
        func transports() throws {
            let list = try mq().run("transports")
            expectNarrow(list)
            for name in Set(ContractSubject.all.map(\.transport) + ["mem"]) {
                #expect(list.text.contains("\n\(name) "))
                let page = try mq().run("transports", name)
                expectNarrow(page)
                let json = try mq().run("transports", name, "--json")
                let array = try #require(try JSONSerialization.jsonObject(with: Data(json.output)) as? [[String: Any]])
                for option in try #require(array[0]["options"] as? [[String: Any]]) {
                    #expect(page.text.contains("\n  \(option["key"]!)="), "\(option)")
                }
            }
        }

        @Test("What mq transports says a transport can do is what it can", arguments: ContractSubject.all)
        func capabilities(subject: ContractSubject) throws {
            let json = try JSONSerialization.jsonObject(with: Data(try mq().run("transports", subject.transport, "--json").output))
            let capabilities = Set(try #require((json as? [[String: Any]])?.first?["capabilities"] as? [String]))
            #expect(capabilities.contains("peek") == subject.peeks)
            #expect(capabilities.contains("priority") == subject.hasPriority)
            #expect(capabilities.contains("type") == subject.hasType)
            #expect(capabilities.contains("until-closed") == subject.tellsClosed)
            #expect(capabilities.contains("admin") == subject.isAdministered)
            #expect(capabilities.contains("exact-count") == subject.countsExactly)
        }

        @Test("mq explain shows every part with its source and opens nothing", arguments: ContractSubject.all)
        func explain(subject: ContractSubject) throws {
            let address = subject.missing?() ?? "zmq:@tcp://127.0.0.1:5599,recv-hwm=5"
            let result = try mq().run("explain", address)
            expectNarrow(result, except: address)
            #expect(result.text.contains(subject.transport) && result.text.contains("default"))
            let json = try jsonObject(try mq().run("explain", address, "--json").text)
            #expect((json["transport"] as? [String: Any])?["value"] as? String == subject.transport)
            #expect(json["options"] is [String: Any])
        }

        @Test("mq explain --connect says what a peer is, and when it is not the one that was asked for")
        func explainPeer() throws {
            let server = try startOpen(["serve", "zmq:@tcp://127.0.0.1:*", "--echo"])
            let endpoint = try #require(server.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })
            let result = try mq().run("explain", "zmq:req:\(endpoint)", "--connect")
            expectSuccess(result)
            for line in ["Socket type REP (answered)", "Mechanism NULL (answered)", "ZMTP 3.1 (answered)"] {
                let shown = result.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                #expect(shown.contains(line), "\(result.text)")
            }
            let json = try jsonObject(try mq().run("explain", "zmq:\(endpoint)", "--connect", "--json").text)
            let peer = try #require(json["peer"] as? [String: [String: Any]])
            #expect(peer["type"]?["value"] as? String == "REP" && peer["mechanism"]?["value"] as? String == "NULL")
            expectSentence(
                try mq().run("explain", "zmq:pull:\(endpoint)", "--connect"), 76, "is a REP socket, and a pull socket wants PUSH")
            expectSentence(try mq().run("explain", "zmq:ipc:///tmp/mq-\(UniqueName.make())", "--connect"), 69, "nobody listens at")
            expectSentence(try mq().run("explain", "zmq:\(endpoint)", "--timeout", "1s"), 64, "--timeout is about --connect")
        }

        @Test("mq explain tells an option of the address from one of -o and from a default")
        func sources() throws {
            let text = try mq().run("explain", "posix-mq:/x,maxmsg=5", "-o", "msgsize=1k").text
            #expect(text.contains(/maxmsg +5 +\(.*address.*\)/))
            #expect(text.contains(/msgsize +1k +\(.*-o.*\)/))
            #expect(text.contains(/mode .*\(default\)/))
        }

        @Test("mq completion prints a script for each shell", arguments: ["bash", "zsh", "fish"])
        func completion(shell: String) throws {
            let result = try mq().run("completion", shell)
            expectSuccess(result)
            #expect(result.text.contains("__complete"))
            #expect(
                result.output
                    == (try contents(
                        "\(Executable.packageRoot)/completions/" + ["bash": "mq.bash", "zsh": "_mq", "fish": "mq.fish"][shell]!)))
        }

        @Test("An alias of the configuration stands for an address, with more options behind it", arguments: ContractSubject.holding)
        func alias(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    export MQ_CONFIG="$D/c"; printf '{"alias":{"jobs":"%s"},"later":[1]}' "$S" > "$MQ_CONFIG"
                    mq send @jobs hello && mq recv @jobs -n 1 && mq explain @jobs
                    """
                let result = try sh(script, ["S": queue.send])
                expectSuccess(result)
                #expect(result.lines.first == "hello")
                #expect(result.text.contains(queue.send))
            }
        }

        @Test("A wrong configuration is status 78 and names the file; an unknown alias is status 64 and names the nearest")
        func configuration() throws {
            let script = #"export MQ_CONFIG="$D/c"; printf '%s' "$C" > "$MQ_CONFIG"; mq explain @jobs"#
            for text in [
                "{", "[]", #"{"alias":[]}"#, #"{"alias":{"jobs":1}}"#, #"{"alias":{"jobs":"nonsense"}}"#, #"{"alias":{"jobs":"@jobs"}}"#,
                "",
            ] {
                expectSentence(try sh(script, ["C": text]), 78)
            }
            expectSentence(try sh(script, ["C": #"{"alias":{"job":"posix-mq:/x"}}"#]), 64, "@jobs", "did you mean @job?")
            expectSentence(try mq().run(["explain", "@jobs"], environment: ["MQ_CONFIG": "/absent"]), 64, "@jobs", "/absent")
            expectSentence(try mq().run(["explain", "@jobs"], environment: ["MQ_CONFIG": "/"]), 78)
        }

        @Test("A missing file of MQ_CONFIG is said; without a home there is no place, and a relative XDG_CONFIG_HOME is none")
        func whereabouts() throws {
            func hint(_ variables: [String: String?]) throws -> String {
                let result = try mq().run(
                    ["explain", "@jobs"], environment: ["XDG_CONFIG_HOME": nil, "HOME": "/home/x"].merging(variables) { $1 })
                expectSentence(result, 64, "there is no alias '@jobs'")
                return result.errorText
            }
            #expect(try hint(["MQ_CONFIG": "/absent"]).contains("MQ_CONFIG is /absent, and there is no such file"))
            #expect(try hint([:]).contains("aliases are read from /home/x/.config/mq/config.json"))
            #expect(try hint(["XDG_CONFIG_HOME": "/c"]).contains("aliases are read from /c/mq/config.json"))
            #expect(try hint(["XDG_CONFIG_HOME": "c"]).contains("aliases are read from /home/x/.config/mq/config.json"))
            for home in [nil, ""] { #expect(try hint(["HOME": home]).contains("HOME is not set")) }
            let save = try mq().run(["bench", "mem:temp", "--save", "x"], environment: ["HOME": nil, "XDG_DATA_HOME": "relative"])
            expectSentence(save, 64, "--save needs HOME")
        }

        @Test("A wrong configuration does not disturb who uses no alias")
        func configurationUnused() throws {
            expectSuccess(try sh(#"export MQ_CONFIG="$D/c"; echo '{' > "$MQ_CONFIG"; mq send mem:x hello"#))
        }
    }
}
