package dev.tidemark.proof.chaos;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What the database shows of the group: who owns which partition, where each stands, and since when it moves again. */
public final class Group {
    private final Observer observer;
    private final String name;

    Group(Observer observer, String name) {
        this.observer = observer;
        this.name = name;
    }

    private String where() {
        return " where group_id = '" + name + "'";
    }

    /** The process that owns each partition; partitions without an owner are missing. */
    public Map<Integer, Long> owners() {
        Map<Integer, Long> owners = new HashMap<>();
        observer.rows("select partition, split_part(owner_name, '/', 2) from tidemark.stored_offset" + where()
                        + " and owner_token is not null")
                .forEach(row -> owners.put(Integer.valueOf(row.get(0)), Long.valueOf(row.get(1))));
        return owners;
    }

    /** The partitions that a process owns. */
    public Set<Integer> ownedBy(long pid) {
        Set<Integer> owned = new HashSet<>();
        owners().forEach((partition, owner) -> {
            if (owner == pid) {
                owned.add(partition);
            }
        });
        return owned;
    }

    /** The stored offset of each partition. */
    public Map<Integer, Long> positions() {
        Map<Integer, Long> positions = new HashMap<>();
        observer.rows("select partition, next_offset from tidemark.stored_offset" + where())
                .forEach(row -> positions.put(Integer.valueOf(row.get(0)), Long.valueOf(row.get(1))));
        return positions;
    }

    /** How many offsets the group has behind it. */
    public long progress() {
        return positions().values().stream().mapToLong(Long::longValue).sum();
    }

    /** When each partition advanced first after this instant, by a process that is none of these. */
    public Map<Integer, Instant> firstAdvances(Instant since, Collection<Long> not) {
        StringBuilder sql =
                new StringBuilder("select partition, extract(epoch from min(at)) * 1000000 from public.proof_advance"
                        + where() + " and token is not null and next > previous and at > '" + since + "'");
        not.forEach(pid ->
                sql.append(" and split_part(owner, '/', 2) <> '").append(pid).append("'"));
        Map<Integer, Instant> first = new HashMap<>();
        observer.rows(sql + " group by partition").forEach(row -> {
            long micros = (long) Double.parseDouble(row.get(1));
            first.put(Integer.valueOf(row.get(0)), Instant.EPOCH.plusNanos(micros * 1_000));
        });
        return first;
    }

    /** How the halted partitions say why. */
    public Map<Integer, String> halted() {
        Map<Integer, String> halted = new HashMap<>();
        observer.rows("select partition, error_code from tidemark.partition_state" + where()
                        + " and halted_at is not null")
                .forEach(row -> halted.put(Integer.valueOf(row.get(0)), row.get(1)));
        return halted;
    }
}
