package dev.tidemark.testkit.kafka;

import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.process.Ports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;

/**
 * A broker that knows its users and denies what no ACL allows. The tests' own clients log in as its administrator; {@link #USER}
 * may do nothing until it is granted.
 */
public final class SecuredKafka extends KafkaClients {
    /** Who consumers log in as. */
    public static final String USER = "mover";

    private static final String SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required ";
    private static final String ADMIN = "administrator";

    private final int port = Ports.free();
    private final KafkaNode node;

    private SecuredKafka(Path directory) {
        int internalPort = Ports.free();
        int controllerPort = Ports.free();
        Map<String, String> own = new HashMap<>();
        own.put("node.id", "1");
        own.put("process.roles", "broker,controller");
        own.put(
                "listeners",
                "CLIENTS://localhost:" + port + ",INTERNAL://localhost:" + internalPort + ",CONTROLLER://localhost:"
                        + controllerPort);
        own.put("advertised.listeners", "CLIENTS://localhost:" + port + ",INTERNAL://localhost:" + internalPort);
        own.put("listener.security.protocol.map", "CLIENTS:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT");
        own.put("inter.broker.listener.name", "INTERNAL");
        own.put("controller.quorum.voters", "1@localhost:" + controllerPort);
        own.put("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256");
        own.put(
                "listener.name.clients.plain.sasl.jaas.config",
                PLAIN + "user_" + ADMIN + "=\"" + Canary.PASSWORD.plant() + "\" user_" + USER + "=\""
                        + Canary.PASSWORD.plant() + "\";");
        own.put("listener.name.clients.scram-sha-256.sasl.jaas.config", SCRAM + ";");
        own.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        // The node itself comes in by the listeners without a login.
        own.put("super.users", "User:" + ADMIN + ";User:ANONYMOUS");
        this.node = new KafkaNode(directory, own);
    }

    public static SecuredKafka start(Path directory) {
        SecuredKafka kafka = new SecuredKafka(directory);
        kafka.node.format(Uuid.randomUuid().toString());
        kafka.node.boot();
        kafka.node.await(kafka::answers);
        get(kafka.admin()
                .alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        USER, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), Canary.PASSWORD.plant())))
                .all());
        return kafka;
    }

    @Override
    protected Map<String, Object> connection() {
        return plain(ADMIN, Canary.PASSWORD.plant());
    }

    /** What a consumer needs that logs in as {@link #USER} with PLAIN. */
    public Map<String, Object> consumerConfig(String groupId, String protocol, String password) {
        Map<String, Object> config = consumerConfig(groupId, protocol);
        config.putAll(plain(USER, password));
        return config;
    }

    /** What a consumer needs that logs in as {@link #USER} with SCRAM. */
    public Map<String, Object> scramConsumerConfig(String groupId, String protocol, String password) {
        Map<String, Object> config = consumerConfig(groupId, protocol);
        config.putAll(login("SCRAM-SHA-256", SCRAM, USER, password));
        return config;
    }

    private Map<String, Object> plain(String user, String password) {
        return login("PLAIN", PLAIN, user, password);
    }

    private Map<String, Object> login(String mechanism, String module, String user, String password) {
        return Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                "localhost:" + port,
                CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                "SASL_PLAINTEXT",
                SaslConfigs.SASL_MECHANISM,
                mechanism,
                SaslConfigs.SASL_JAAS_CONFIG,
                module + "username=\"" + user + "\" password=\"" + password + "\";");
    }

    /** Allows {@link #USER} to do this with exactly that resource. */
    public void allow(ResourceType type, String name, AclOperation operation) {
        AclBinding acl = acl(type, name, operation);
        get(admin().createAcls(Set.of(acl)).all());
        awaitAcl(acl, true);
    }

    /** Takes that back. */
    public void disallow(ResourceType type, String name, AclOperation operation) {
        AclBinding acl = acl(type, name, operation);
        get(admin().deleteAcls(Set.of(acl.toFilter())).all());
        awaitAcl(acl, false);
    }

    /** The controller has answered by then; the broker, which decides, follows a moment later. */
    private void awaitAcl(AclBinding acl, boolean present) {
        Awaitility.await("the broker has followed")
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> !get(admin().describeAcls(acl.toFilter()).values()).isEmpty() == present);
    }

    private static AclBinding acl(ResourceType type, String name, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry("User:" + USER, "*", operation, AclPermissionType.ALLOW));
    }

    @Override
    public void close() {
        super.close();
        node.close();
    }
}
