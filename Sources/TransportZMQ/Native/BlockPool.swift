import ZMTP

/// Blocks that nobody uses for now, so that a stream runs through a few that the cache knows.
final class BlockPool {
    private static let most = 8
    private var spare: [FrameBlock] = []

    func take() -> FrameBlock { spare.popLast() ?? FrameBlock() }

    func give(_ block: FrameBlock) {
        guard spare.count < Self.most, block.isStandard else { return }
        block.reset()
        spare.append(block)
    }
}
