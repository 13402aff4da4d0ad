import Foundation
import MQTesting
import Testing

extension ProgramContract {
    /// Every example of docs/workers.md does what the page says.
    @Suite("docs/workers.md", .serialized, .timeLimit(.minutes(1)))
    struct WorkersPageTests {
        private static let page = DocumentPage("docs/workers.md")
        static let examples = page.blocks("sh")

        @Test("The page is there, with its examples")
        func pageIsThere() { #expect(Self.examples.count >= 5 && Self.page.blocks("yaml").count == 2) }

        @Test("An example prints what the page says", arguments: examples)
        func example(example: DocumentPage.Example) throws {
            let name = UniqueName.make()
            let script = example.script.replacing("posix-mq:/", with: "posix-mq:/\(name)-")
            let result = try sh("set -e; cd $D; \(script)")
            #expect(result.status == 0, "\(result.errorText)")
            #expect(
                result.text.trimmingCharacters(in: .whitespacesAndNewlines)
                    == example.output.trimmingCharacters(in: .whitespacesAndNewlines))
        }

        private static let python = MotoServer.python
        private static let hasYAML = python.flatMap { try? Executable($0).run(["-c", "import yaml"]).status } == 0

        /// Up to the command, which is not there: every flag and address is understood before that is found.
        @Test("What Kubernetes is given is YAML, and the worker in it understands its command line", .enabled(if: hasYAML))
        func manifests() throws {
            for block in Self.page.blocks("yaml") {
                let parsed = try Executable(Self.python!).run(
                    ["-c", "import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"], input: .text(block.script))
                let object = try jsonObject(parsed.text)
                let spec = (object["spec"] as? [String: Any])?["template"] as? [String: Any]
                let pod = try #require(spec?["spec"] as? [String: Any])
                let container = try #require((pod["containers"] as? [[String: Any]])?.first)
                let command = try #require(container["command"] as? [String])
                #expect(command.first == "mq" && command.last == "./bill" && command.dropLast().last == "--")
                #expect(pod["terminationGracePeriodSeconds"] as? Int == 120)
                expectFailure(try mq().run(Array(command.dropFirst())), 64, "'./bill'")
                // With a command that is there, only the broker is missing.
                let words = command.dropFirst().dropLast().map { $0.replacing("nsqlookupd:4161", with: "127.0.0.1:1") }
                let result = try mq().run(
                    words + ["true"], environment: ["AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1"])
                expectFailure(result, 69, "127.0.0.1:1")
            }
        }
    }
}
