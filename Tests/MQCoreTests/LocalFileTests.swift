import Glibc
import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LocalFileTests {
    private let fixture = Fixture()

    private func file(_ bytes: [UInt8]) throws -> String {
        let path = try fixture.directory() + "/file"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw ConformanceFailure("cannot write \(path)") }
        return path
    }

    @Test func contentsAreWhole() throws {
        for count in [0, 1, 65536, 200_001] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try LocalFile.contents(of: file(bytes)) == bytes)
        }
    }

    @Test func aFileOverTheLimitIsRefused() throws {
        let path = try file([1, 2, 3])
        #expect(try LocalFile.contents(of: path, limit: 3) == [1, 2, 3])
        let error = failure { try LocalFile.contents(of: path, limit: 2) }
        #expect(error?.code == .inputOutput)
        #expect(error?.message == "\(path): larger than 2 bytes")
    }

    /// Its size says nothing, and reading it finds something.
    @Test func filesWithoutASizeAreRead() throws { #expect(try LocalFile.contents(of: "/proc/self/comm").last == 0x0a) }

    @Test func failuresNameThePathAndTheReason() throws {
        let missing = failure { try LocalFile.contents(of: fixture.directory() + "/none") }
        #expect(missing?.errno == ENOENT)
        #expect(missing?.message.hasSuffix("/none: no such file or directory") == true)
        #expect(failure { try LocalFile.contents(of: "/") }?.message == "/: is a directory")
        #expect(LocalFile.failure("/x", EACCES).code == .permission)
    }
}
