package pilotline.interop;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.eclipse.milo.opcua.sdk.server.EndpointConfig;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfig;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfigLimits;
import org.eclipse.milo.opcua.sdk.server.identity.AnonymousIdentityValidator;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.security.CertificateManager;
import org.eclipse.milo.opcua.stack.core.security.CertificateStore;
import org.eclipse.milo.opcua.stack.core.security.DefaultApplicationGroup;
import org.eclipse.milo.opcua.stack.core.security.DefaultCertificateManager;
import org.eclipse.milo.opcua.stack.core.security.DefaultServerCertificateValidator;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateQuarantine;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateStore;
import org.eclipse.milo.opcua.stack.core.security.MemoryTrustListManager;
import org.eclipse.milo.opcua.stack.core.security.SecurityPolicy;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.UInteger;
import org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransport;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransportConfig;

/**
 * An OPC UA server of Eclipse Milo. A JSON line in is a command, a JSON line out is an event; it ends with its standard
 * input, and after half an hour at the latest.
 */
final class MiloServer {
	private static final long LONGEST_LIFE_MS = 30 * 60_000;
	private final MemoryTrustListManager trusted = new MemoryTrustListManager();
	private final Kiln kiln;
	private final OpcUaServer server;

	private MiloServer(JsonObject options) throws Exception {
		int port = options.get("port").getAsInt();
		server = new OpcUaServer(config(options, port),
				profile -> new OpcTcpServerTransport(OpcTcpServerTransportConfig.newBuilder().build()));
		kiln = new Kiln(server, options);
		kiln.startup();
		server.startup().get();
	}

	public static void main(String[] args) throws Exception {
		Thread watch = new Thread(() -> {
			try {
				Thread.sleep(LONGEST_LIFE_MS);
			} catch (InterruptedException e) {
				return;
			}
			Runtime.getRuntime().halt(4);
		});
		watch.setDaemon(true);
		watch.start();
		// Java itself lacks the OAEP of Aes256_Sha256_RsaPss.
		Security.addProvider(new BouncyCastleProvider());
		MiloServer program = new MiloServer(JsonParser.parseString(args[0]).getAsJsonObject());
		emit("listening", "");
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line = input.readLine(); line != null; line = input.readLine()) {
			try {
				program.obey(JsonParser.parseString(line).getAsJsonObject());
			} catch (Exception e) {
				emit("error", e.toString());
			}
		}
		Runtime.getRuntime().halt(0);
	}

	private void obey(JsonObject command) throws Exception {
		String what = command.get("do").getAsString();
		switch (what) {
			case "write" -> {
				for (JsonElement value : command.getAsJsonArray("values")) kiln.write(value.getAsJsonObject());
			}
			case "remove" -> kiln.remove(command.get("name").getAsString());
			case "add" -> kiln.add(command.get("name").getAsString());
			case "trust" -> trusted.addTrustedCertificate(certificate(command.get("file").getAsString()));
			case "loseSessions" -> server.getSessionManager().getAllSessions()
					.forEach(session -> server.getSessionManager().killSession(session.getSessionId(),
							command.get("subscriptions").getAsBoolean()));
			default -> throw new IllegalArgumentException("no command " + what);
		}
		emit("done", what);
	}

	private OpcUaServerConfig config(JsonObject options, int port) throws Exception {
		Set<EndpointConfig> endpoints = new LinkedHashSet<>();
		EndpointConfig.Builder plain = EndpointConfig.newBuilder().setBindAddress("127.0.0.1").setHostname("127.0.0.1")
				.setBindPort(port).addTokenPolicy(OpcUaServerConfig.USER_TOKEN_POLICY_ANONYMOUS);
		MemoryCertificateQuarantine quarantine = new MemoryCertificateQuarantine();
		CertificateManager certificates = new DefaultCertificateManager(quarantine);
		String applicationUri = "urn:pilotline:milo";
		if (options.has("security")) {
			JsonObject security = options.getAsJsonObject("security");
			applicationUri = security.get("applicationUri").getAsString();
			X509Certificate own = certificate(security.get("certificateFile").getAsString());
			MemoryCertificateStore store = new MemoryCertificateStore();
			store.set(NodeIds.RsaSha256ApplicationCertificateType,
					new CertificateStore.Entry(key(security.get("keyFile").getAsString()), new X509Certificate[] {own}));
			certificates = new DefaultCertificateManager(quarantine, new DefaultApplicationGroup(trusted, store, null,
					new DefaultServerCertificateValidator(trusted, quarantine)));
			plain.setCertificate(own);
			for (SecurityPolicy policy : List.of(SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep,
					SecurityPolicy.Aes256_Sha256_RsaPss)) {
				for (MessageSecurityMode mode : List.of(MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt)) {
					endpoints.add(plain.copy().setSecurityPolicy(policy).setSecurityMode(mode).build());
				}
			}
		} else {
			endpoints.add(plain.copy().setSecurityPolicy(SecurityPolicy.None).setSecurityMode(MessageSecurityMode.None).build());
		}
		// Whoever wants to know what there is asks without security.
		endpoints.add(plain.copy().setPath("/discovery").setSecurityPolicy(SecurityPolicy.None)
				.setSecurityMode(MessageSecurityMode.None).build());
		return OpcUaServerConfig.builder().setApplicationName(LocalizedText.english("milo"))
				.setApplicationUri(applicationUri).setProductUri("urn:pilotline:milo").setEndpoints(endpoints)
				.setIdentityValidator(AnonymousIdentityValidator.INSTANCE).setCertificateManager(certificates)
				.setLimits(limits(options)).build();
	}

	private static OpcUaServerConfigLimits limits(JsonObject options) {
		return new OpcUaServerConfigLimits() {
			@Override
			public Double getMinPublishingInterval() {
				return 50.0;
			}

			@Override
			public UInteger getMaxMonitoredItemsPerCall() {
				return options.has("itemsPerCall") ? UInteger.valueOf(options.get("itemsPerCall").getAsInt())
						: OpcUaServerConfigLimits.super.getMaxMonitoredItemsPerCall();
			}

			@Override
			public UInteger getMaxMonitoredItemsPerSession() {
				return options.has("itemsMax") ? UInteger.valueOf(options.get("itemsMax").getAsInt())
						: OpcUaServerConfigLimits.super.getMaxMonitoredItemsPerSession();
			}
		};
	}

	private static X509Certificate certificate(String file) throws Exception {
		try (FileInputStream input = new FileInputStream(file)) {
			return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(input);
		}
	}

	private static PrivateKey key(String file) throws Exception {
		String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
		return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
	}

	private static void emit(String event, String text) {
		JsonObject line = new JsonObject();
		line.addProperty("event", event);
		line.addProperty("text", text);
		System.out.println(line);
		System.out.flush();
	}
}
