import Glibc
import Testing

/// The shells of this machine.
enum Shells {
    /// Where the shell is; without it the test is cancelled and says so, since a test that could not look must not seem
    /// to have looked.
    static func path(of name: String) throws -> String {
        let paths: [String] = ["/bin", "/usr/bin", "/usr/local/bin"].map { "\($0)/\(name)" }
        if let path = paths.first(where: { access($0, X_OK) == 0 }) { return path }
        try Test.cancel("there is no \(name) on this machine")
    }
}
