import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct GeneratedFilesTests {
    @Test func theCommittedFilesAreThoseTheProgramMakes() {
        for (path, text) in GeneratedFiles.all() {
            let committed = try? LocalFile.contents(of: "\(Executable.packageRoot)/\(path)")
            #expect(committed == Array(text.utf8), "\(path) is out of date: run Scripts/generate and commit it")
        }
    }

    @Test func everyVerbHasItsPage() {
        let names = GeneratedFiles.all().map(\.path)
        for verb in CommandModel.load().verbs { #expect(names.contains("man/mq-\(verb.name.replacing(" ", with: "-")).1")) }
        #expect(Set(names).count == names.count)
    }
}
