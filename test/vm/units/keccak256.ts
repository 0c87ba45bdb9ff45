export * from '../../../vm/crypto/keccak256';
