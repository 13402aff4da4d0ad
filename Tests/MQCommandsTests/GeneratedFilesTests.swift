import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct GeneratedFilesTests {
    private let changes = "\(Executable.packageRoot)/CHANGELOG.md"

    @Test func theCommittedFilesAreThoseTheProgramMakes() throws {
        for (path, text) in try GeneratedFiles.all(changes: changes) {
            let committed = try? LocalFile.contents(of: "\(Executable.packageRoot)/\(path)")
            let isSame = committed == Array(text.utf8)
            #expect(isSame, "\(path) is out of date: run Scripts/generate and commit it")
        }
    }

    @Test func everyVerbHasItsPage() throws {
        let names = try GeneratedFiles.all(changes: changes).map(\.path)
        for verb in Verbs.tables where !verb.isHidden { #expect(names.contains("man/mq-\(verb.name.replacing(" ", with: "-")).1")) }
        #expect(Set(names).count == names.count)
    }

    @Test func thePagesAreDatedByTheChanges() throws {
        let text = "# Changes\n\n## Unreleased\n\n## 1.2.0 (2031-02-03)\n\n## 1.1.0 (2030-01-31)\n"
        #expect(try ManPages.date(ofChanges: text) == "February 3, 2031")
        #expect(try ManPages.date(ofChanges: "## Unreleased, 2030-12-01\n") == "December 1, 2030")
        for text in ["", "## Unreleased", "2030-01-01", "## 2030-13-01"] {
            #expect(failure { try ManPages.date(ofChanges: text) }?.code == .malformed, "\(text)")
        }
    }

    /// A page that gave every status would tell nothing: these are those of the verb.
    @Test func everyPageListsTheStatusesOfItsVerb() {
        func statuses(_ verb: any Verb.Type) -> [CInt] { verb.table.exitStatuses.map(\.0) }
        #expect(statuses(Send.self) == [0, 2, 64, 65, 66, 69, 73, 74, 75, 76, 77, 78, 129, 130, 141, 143])
        #expect(statuses(Version.self) == [0, 2, 64, 74, 129, 130, 141, 143])
        #expect(statuses(BenchCompare.self).contains(1) && !statuses(Create.self).contains(1))
        #expect(statuses(Create.self).contains(73) && !statuses(Purge.self).contains(73))
        let known = Set(ExitStatus.table.map(\.0))
        for table in Verbs.tables { #expect(known.isSuperset(of: table.statuses), "\(table.name)") }
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct MdocTests {
    private func page(_ write: (inout Mdoc) -> Void) -> ArraySlice<String> {
        var page = Mdoc(title: "x", section: 1, date: "", name: "x", summary: "x")
        let count = page.lines.count
        write(&page)
        return page.lines[count...]
    }

    @Test func sentencesBeginWithACapitalUnlessANameStandsThere() {
        #expect(Mdoc.sentence("how long") == "How long.")
        for text in ["mq create changes it.", "nsqd's limit.", "vmci: a kind of socket.", "maxmsg=N counts."] {
            #expect(Mdoc.sentence(text) == text)
        }
    }

    @Test func aSentenceEndsBehindANumber() {
        let lines = page { $0.body("The default is 1. It may be 2 (e.g. twice). Or more ... Ask.") }
        #expect(lines == ["The default is 1.", "It may be 2 (e.g. twice).", "Or more ... Ask."])
    }

    @Test func aSynopsisShowsWhatIsOptional() {
        let lines = page { $0.synopsis("mq stat", "ADDRESS --watch [INTERVAL] [-n N] [OPTION...]") }
        #expect(lines == [".Nm mq stat", ".Ar ADDRESS", ".Fl \\-watch", ".Op Ar INTERVAL", ".Op Fl n Ar N", ".Op Ar OPTION ..."])
        #expect(page { $0.synopsis("mq run", "-- COMMAND...") } == [".Nm mq run", ".Fl \\-", ".Ar COMMAND ..."])
    }
}
