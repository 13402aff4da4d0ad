public import Testing

/// Runs every test of a suite on a thread of its own. The pool of Swift's tasks has a thread for each processor, and a test that waits
/// for a process or a peer would hold one of them.
public struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadExecutor.shared) { try await function() }
    }
}

extension Trait where Self == OwnThread {
    /// On a thread of its own, which may block.
    public static var ownThread: Self { OwnThread() }
}
