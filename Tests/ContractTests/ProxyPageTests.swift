import MQTesting
import Testing

extension MessageContract {
    @Suite("The page about proxies is right", .timeLimit(.minutes(1)))
    struct ProxyPageTests {
        private static let examples = DocumentPage("docs/proxy.md").blocks("sh")

        @Test("Each example prints what the page says", arguments: examples)
        func example(example: DocumentPage.Example) throws {
            let result = try sh("cd \"$D\"; \(example.script)")
            #expect(result.text == example.output, "\(result.errorText)")
            #expect(!example.output.isEmpty)
        }

        @Test("There are examples") func count() { #expect(Self.examples.count >= 6) }
    }
}
