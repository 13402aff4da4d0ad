import Glibc
import MQCore

/// Where programs are.
enum ProgramSearch {
    /// The first executable file of that name in the folders of `PATH`.
    static func path(of name: String) -> String? {
        guard let folders = getenv("PATH") else { return nil }
        return String(cString: folders).split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
