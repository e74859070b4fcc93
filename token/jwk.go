package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

const (
	maxKeys    = 64  // of one set
	maxKeyID   = 128 // bytes
	minModulus = 2048
	maxModulus = 8192 // bits; a longer one costs every login more than it is worth
	exponent   = 65537
	coordinate = 32 // bytes of P-256
)

// publicKey is one key of an issuer. The algorithm is the key's: a token that names another one is refused.
type publicKey struct {
	algorithm string // RS256, ES256 or EdDSA
	key       any    // as golang-jwt takes it
	print     string // changes with the key
}

// jwk is a JSON Web Key (RFC 7517), as far as it is used here.
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Curve      string   `json:"crv"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	D          string   `json:"d"`
}

// parseKeys reads a JWK set. Keys that cannot be used are left out and counted; a set without any is an error. A kid that names
// two keys names none.
func parseKeys(data []byte) (keys map[string]publicKey, unusable int, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, 0, errors.New("the answer is no JWK set")
	}
	if len(set.Keys) > maxKeys {
		return nil, 0, fmt.Errorf("more than %d keys", maxKeys)
	}
	keys = make(map[string]publicKey, len(set.Keys))
	named := make(map[string]int, len(set.Keys))
	for _, text := range set.Keys {
		id, key, err := parseKey(text)
		named[id]++
		if err == nil {
			keys[id] = key
		}
	}
	for id, times := range named {
		if times > 1 {
			delete(keys, id)
		}
	}
	if len(keys) == 0 {
		return nil, 0, errors.New("the answer has no key of use: RSA of 2048 bits or more, EC on P-256 or Ed25519, each with a kid of its own")
	}
	return keys, len(set.Keys) - len(keys), nil
}

func parseKey(text json.RawMessage) (id string, key publicKey, err error) {
	var k jwk
	if err := json.Unmarshal(text, &k); err != nil {
		return "", publicKey{}, err
	}
	if err := k.check(); err != nil {
		return k.ID, publicKey{}, err
	}
	var material []byte
	switch {
	case k.Type == "RSA":
		key.algorithm = "RS256"
		key.key, material, err = k.rsa()
	case k.Type == "EC" && k.Curve == "P-256":
		key.algorithm = "ES256"
		key.key, material, err = k.ecdsa()
	case k.Type == "OKP" && k.Curve == "Ed25519":
		key.algorithm = "EdDSA"
		key.key, material, err = k.ed25519()
	default:
		err = errors.New("a type or curve that is not used here")
	}
	if err == nil && k.Algorithm != "" && k.Algorithm != key.algorithm {
		err = errors.New("alg is not the one of the key's type")
	}
	sum := sha256.Sum256(append([]byte(key.algorithm), material...))
	key.print = hex.EncodeToString(sum[:16])
	return k.ID, key, err
}

// check refuses a key by what is written beside it.
func (k *jwk) check() error {
	switch {
	case k.ID == "" || len(k.ID) > maxKeyID:
		return errors.New("no kid, or one that is too long")
	case k.D != "":
		return errors.New("the private key is published with it")
	case k.Use != "" && k.Use != "sig":
		return errors.New("not for signatures")
	case k.Operations != nil && !slices.Contains(k.Operations, "verify"):
		return errors.New("not to verify with")
	}
	return nil
}

func (k *jwk) rsa() (any, []byte, error) {
	n, errN := k.bytes(k.N)
	e, errE := k.bytes(k.E)
	if err := errors.Join(errN, errE); err != nil {
		return nil, nil, err
	}
	modulus := new(big.Int).SetBytes(n)
	if bits := modulus.BitLen(); bits < minModulus || bits > maxModulus || modulus.Bit(0) == 0 {
		return nil, nil, fmt.Errorf("a modulus of %d bits, or an even one", bits)
	}
	if new(big.Int).SetBytes(e).Cmp(big.NewInt(exponent)) != 0 {
		return nil, nil, fmt.Errorf("an exponent other than %d", exponent)
	}
	return &rsa.PublicKey{N: modulus, E: exponent}, modulus.Bytes(), nil
}

func (k *jwk) ecdsa() (any, []byte, error) {
	x, errX := k.bytes(k.X)
	y, errY := k.bytes(k.Y)
	if err := errors.Join(errX, errY); err != nil {
		return nil, nil, err
	}
	if len(x) != coordinate || len(y) != coordinate {
		return nil, nil, errors.New("coordinates of a wrong length")
	}
	point := slices.Concat([]byte{4}, x, y) // SEC 1, uncompressed
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	return key, point, err
}

func (k *jwk) ed25519() (any, []byte, error) {
	x, err := k.bytes(k.X)
	if err != nil {
		return nil, nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, nil, errors.New("a key of a wrong length")
	}
	return ed25519.PublicKey(x), x, nil
}

func (k *jwk) bytes(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }
