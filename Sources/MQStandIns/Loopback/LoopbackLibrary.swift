import Glibc

/// A library opened at run time.
struct LoopbackLibrary: @unchecked Sendable {  // a handle of dlopen(3), valid for ever and usable from all threads
    private let handle: UnsafeMutableRawPointer

    init?(_ name: String) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
        self.handle = handle
    }

    func function<Signature>(_ name: String, as _: Signature.Type) -> Signature {
        guard let symbol = dlsym(handle, name) else { preconditionFailure("\(name) is missing in its library") }
        return unsafeBitCast(symbol, to: Signature.self)
    }
}
