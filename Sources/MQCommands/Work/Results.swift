import Glibc
import MQCore

/// Results on standard output: written whole, and a failure to write is a failure.
enum Results {
    /// - Throws: `inputOutput`; a reader that has gone ends the process by SIGPIPE, as every filter does.
    static func print(_ text: String) throws(TransportError) {
        let output = OutputStream()
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { output.write($0, stop: StopFlag()) }
        guard let error = written.error else { return }
        if output.readerIsGone { ProcessMonitor.die(of: SIGPIPE) }
        throw error
    }

    /// One line of JSON.
    /// - Throws: as `print` of text does.
    static func print(_ json: JSONTree) throws(TransportError) { try print(try json.line()) }
}
