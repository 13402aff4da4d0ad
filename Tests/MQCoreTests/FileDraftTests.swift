import Glibc
import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FileDraftTests {
    private let fixture = Fixture()

    @Test func aFileIsReplacedWholeOrNotAtAll() throws {
        let folder = try fixture.directory()
        let path = "\(folder)/report"
        try FileDraft(Array("first".utf8), for: path).put()
        try FileDraft(Array("second".utf8), for: path).put()
        #expect(try LocalFile.contents(of: path) == Array("second".utf8))
        // What cannot be put in place of a folder is not left beside it.
        let taken = "\(folder)/taken"
        try LocalFile.makeFolder(taken)
        defer { rmdir(taken) }
        let error = failure { try FileDraft([1], for: taken).put() }
        #expect(error?.code == .inputOutput && error?.message.hasPrefix("\(taken): ") == true)
        var found = glob_t()
        defer { globfree(&found) }
        #expect(glob("\(folder)/*", 0, nil, &found) == 0 && found.gl_pathc == 2, "the report and what was taken")
    }

    @Test func oneOfTwoThatMakeAFileHasMadeIt() throws {
        let path = try fixture.directory() + "/key"
        try FileDraft([1], for: path, permissions: 0o600).put(replaces: false)
        let error = failure { try FileDraft([2], for: path).put(replaces: false) }
        #expect(error?.code == .cannotCreate && error?.remedy == .replace)
        #expect(try LocalFile.contents(of: path) == [1])
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aFailureIsOfTheKindAskedFor() {
        #expect(failure { try FileDraft([], for: "/nonexistent/x", failingAs: .cannotCreate).put() }?.code == .cannotCreate)
        #expect(failure { try FileDraft([], for: "/nonexistent/x").put() }?.code == .inputOutput)
    }
}
