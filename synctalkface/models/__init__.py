"""The networks: encoders, memory, decoder, the generator made of them, the discriminator and the sync expert."""
