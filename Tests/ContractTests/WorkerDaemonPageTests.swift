import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// Every example of docs/worker-daemon.md does what the page says.
    @Suite("docs/worker-daemon.md", .timeLimit(.minutes(1)))
    struct WorkerDaemonPageTests {
        private static let page = DocumentPage("docs/worker-daemon.md")
        static let examples = page.blocks("sh")

        @Test("The page is there, with its examples")
        func pageIsThere() { #expect(Self.examples.count == 2 && Self.page.blocks("ini").count == 1 && Self.page.commandLines.count == 1) }

        @Test("An example prints what the page says", arguments: examples)
        func example(example: DocumentPage.Example) throws {
            let (name, port) = (UniqueName.make(), try LoopbackSocket.freePort())
            let script = example.script.replacing("posix-mq:/", with: "posix-mq:/\(name)-").replacing("8080", with: "\(port)")
            let result = try sh("set -e; cd $D; \(script)")
            #expect(result.status == 0, "\(result.errorText)")
            #expect(
                result.text.trimmingCharacters(in: .whitespacesAndNewlines)
                    == example.output.trimmingCharacters(in: .whitespacesAndNewlines))
        }

        private static let environment: [String: String?] = [
            "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
        ]

        /// With all flags understood, only the broker is missing.
        @Test("The line in place of sqsd is understood")
        func sqsd() throws {
            let port = try LoopbackSocket.freePort()
            let words = Self.page.commandLines[0].split(separator: " ").dropFirst().map { String($0.replacing("9000", with: "\(port)")) }
            expectFailure(try mq().run(words, environment: Self.environment), 69, "127.0.0.1:1")
        }

        @Test("The unit of systemd is one, and its command line is understood", .enabled(if: MotoServer.python != nil))
        func unit() throws {
            let parser = """
                import configparser, json, sys
                unit = configparser.ConfigParser(interpolation=None)
                unit.optionxform = str
                unit.read_file(sys.stdin)
                print(json.dumps({name: dict(unit[name]) for name in unit.sections()}))
                """
            let parsed = try Executable(MotoServer.python!).run(["-c", parser], input: .text(Self.page.blocks("ini")[0].script))
            expectSuccess(parsed)
            let unit = try jsonObject(parsed.text)
            #expect(Set(unit.keys) == ["Unit", "Service", "Install"])
            let service = try #require(unit["Service"] as? [String: String])
            #expect(service["Type"] == "notify" && service["Restart"] == "on-failure")
            let words = try #require(service["ExecStart"]).split(separator: " ").map(String.init)
            #expect(words[0] == "/usr/bin/mq")
            let port = try LoopbackSocket.freePort()
            let result = try mq().run(
                words.dropFirst().map { String($0.replacing("9000", with: "\(port)")) }, environment: Self.environment)
            expectFailure(result, 69, "127.0.0.1:1")
        }
    }
}
