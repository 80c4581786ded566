package dev.tidemark.doctor;

import java.util.List;
import java.util.Set;
import org.apache.kafka.common.acl.AclOperation;
import org.jspecify.annotations.Nullable;

/** Whether a consumer may use the Kafka cluster. Pure. */
final class BrokerChecks {
    private static final String SECTION = "kafka";

    private BrokerChecks() {}

    static List<Finding> reachable(String clusterId, int nodes) {
        return List.of(
                Finding.ok(SECTION, "reachable", nodes + (nodes == 1 ? " broker" : " brokers")),
                Finding.ok(SECTION, "cluster id", clusterId));
    }

    static Finding unreachable(String why) {
        return Finding.fail(
                SECTION,
                "reachable",
                why,
                "check bootstrap.servers and the login (--bootstrap-servers, --kafka-config)");
    }

    /**
     * @param what such as {@code group flights-etl}
     * @param option of {@code kafka-acls}, such as {@code --group flights-etl}
     * @param rights what this user may do there; null if Kafka does not say
     */
    static Finding mayRead(String what, String option, @Nullable Set<AclOperation> rights) {
        if (rights == null) {
            return Finding.ok(SECTION, "rights", "Kafka does not say who may read " + what + " until it has been used");
        }
        return rights.contains(AclOperation.READ) || rights.contains(AclOperation.ALL)
                ? Finding.ok(SECTION, "rights", "this user may read " + what)
                : denied(what, option);
    }

    static Finding denied(String what, String option) {
        return Finding.fail(
                SECTION,
                "rights",
                "this user lacks READ on " + what + " (TM-308)",
                "kafka-acls --add --allow-principal User:<user> --operation Read " + option);
    }
}
