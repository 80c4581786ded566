package dev.tidemark.internal.unit;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.queue.QueueEvents;
import dev.tidemark.offsets.Claim;
import java.util.Collection;

/** Events from the workers to the poll thread. Every method returns at once; any thread may call. */
public interface WorkerEvents extends QueueEvents {
    /** These claims are gone, or in doubt; what was buffered under them is dropped already. */
    void lost(Collection<Claim> claims, TidemarkException why);

    /** These partitions cannot continue; what was buffered for them is dropped already. */
    void halted(Collection<Claim> claims, TidemarkException why);

    /** An attempt failed and will be repeated. */
    void retrying(Collection<Claim> claims, TidemarkException why);

    /** The positions of these claims have moved in the database. */
    void moved(Collection<Claim> claims);

    /** What was retried has taken effect. */
    void recovered(Collection<Claim> claims);

    /** This process survived a suspected record that it will not try again here, and could not record that itself. */
    void survived(Claim claim, long offset);

    /** The whole consumer cannot continue. */
    void failed(TidemarkException why);
}
