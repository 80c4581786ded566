package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.TidemarkException;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/** Nobody listens: what the poll thread makes of the news is not measured. In this package, as its user is. */
final class Silence implements WorkerEvents {
    @Override
    public void roomFor(Collection<TopicPartition> partitions) {}

    @Override
    public void appetite() {}

    @Override
    public void lost(Collection<Claim> claims, TidemarkException why) {}

    @Override
    public void halted(Collection<Claim> claims, TidemarkException why) {}

    @Override
    public void retrying(Collection<Claim> claims, TidemarkException why) {}

    @Override
    public void moved(Collection<Claim> claims) {}

    @Override
    public void recovered(Collection<Claim> claims) {}

    @Override
    public void drained(Claim claim) {}

    @Override
    public void survived(Claim claim, long offset) {}

    @Override
    public void failed(TidemarkException why) {}
}
