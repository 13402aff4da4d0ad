import Foundation
import MQTesting
import Testing

extension ProgramContract {
    /// Every example of docs/smoke-tests.md and docs/mock.md does what the page says.
    @Suite("docs/smoke-tests.md, docs/mock.md", .serialized, .timeLimit(.minutes(2)))
    struct SmokePagesTests {
        private static let smoke = DocumentPage("docs/smoke-tests.md")
        private static let mock = DocumentPage("docs/mock.md")
        static let examples = smoke.blocks("sh") + mock.blocks("sh")

        @Test("The pages are there, with their examples")
        func pagesAreThere() {
            #expect(Self.smoke.blocks("sh").count == 6 && Self.mock.blocks("sh").count == 5)
            #expect(Self.smoke.blocks("yaml").count == 3 && Self.smoke.blocks("make").count == 1 && Self.smoke.blocks("bats").count == 1)
        }

        @Test("An example prints what the page says", arguments: examples)
        func example(example: DocumentPage.Example) throws {
            let name = UniqueName.make()
            let script = example.script.replacing("posix-mq:/", with: "posix-mq:/\(name)-")
            let result = try sh("cd $D; \(script)")
            #expect(
                result.text.trimmingCharacters(in: .whitespacesAndNewlines)
                    == example.output.trimmingCharacters(in: .whitespacesAndNewlines), "\(result.errorText)")
        }

        /// The words of every command of `mq` in a text, without those that are run by others.
        private func understands(_ command: [String], location: SourceLocation = #_sourceLocation) throws {
            // Nothing is there to talk to: what matters is that it was understood.
            let words = command.map { $0.replacing("nsqlookupd:4161", with: "127.0.0.1:1").replacing("nsqd:4150", with: "127.0.0.1:1") }
            var arguments = Array(words.drop { $0 != "mq" }.dropFirst())
            if let index = arguments.firstIndex(of: "--timeout") { arguments[index + 1] = "50ms" }
            if let index = arguments.firstIndex(of: "--") { arguments[index + 1] = "true" }
            let result = try mq().run(arguments, environment: ["AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1"])
            #expect([0, 1, 69].contains(result.status), "\(arguments): \(result.errorText)", sourceLocation: location)
        }

        private static let python = MotoServer.python
        private static let hasYAML = python.flatMap { try? Executable($0).run(["-c", "import yaml"]).status } == 0

        @Test("The manifests are YAML, and every command in them is understood", .enabled(if: hasYAML))
        func manifests() throws {
            var commands: [[String]] = []
            for block in Self.smoke.blocks("yaml") {
                let program = """
                    import json, sys, yaml
                    def walk(value):
                        if isinstance(value, list) and all(isinstance(v, str) for v in value) and 'mq' in value: print(json.dumps(value))
                        elif isinstance(value, (list, dict)):
                            for part in (value.values() if isinstance(value, dict) else value): walk(part)
                        elif isinstance(value, str):
                            for line in value.splitlines():
                                if line.startswith('mq '): print(json.dumps(__import__('shlex').split(line)))
                    walk(yaml.safe_load(sys.stdin))
                    """
                let parsed = try Executable(Self.python!).run(["-c", program], input: .text(block.script))
                #expect(parsed.status == 0, "\(parsed.errorText)")
                for line in parsed.lines {
                    commands.append(try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String]))
                }
            }
            #expect(commands.count == 9, "\(commands)")
            for command in commands where !command.contains("send") && !command.contains("expect") && !command.contains("junit") {
                try understands(command)
            }
        }

        @Test("What make is given is a makefile, and its commands are understood")
        func makefile() throws {
            let block = try #require(Self.smoke.blocks("make").first)
            // Within another make, make says which folder it enters.
            let alone = "env -u MAKEFLAGS -u MAKELEVEL make -n test smoke"
            let result = try sh("cd $D; printf '%s' \"$M\" >Makefile; \(alone)", ["M": block.script])
            #expect(result.lines.count == 3 && result.status == 0, "\(result.errorText)")
            for line in result.lines.dropFirst() { try understands(line.split(separator: " ").map(String.init) + ["-o", "http-port=1"]) }
        }

        @Test("The test of bats passes")
        func bats() throws {
            let block = try #require(Self.smoke.blocks("bats").first)
            // bats itself may not be there; its body is a script of bash.
            let body = block.script.split(separator: "\n").dropFirst().dropLast().joined(separator: "\n")
            expectSuccess(try sh("mq with sysv: sysv: -- bash -ec \"$BODY\"", ["BODY": body]))
        }
    }
}
